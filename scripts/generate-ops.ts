/**
 * Writes guest-agent/launcher/ops.gen.h from the plan's op table: codes, one struct per operation, and its decoder.
 * `--check` writes nothing and fails when the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { opTable, type FieldType } from '../guest-agent/plan/op.ts';
import { maxPlanBytes, opTableHash, planMagic, planSection, planVersion } from '../guest-agent/plan/wire.ts';

const cType: Readonly<Record<FieldType, string>> = {
  u32: 'uint32_t ',
  u64: 'uint64_t ',
  str: 'const char *',
  bytes: 'struct bytes ',
  list: 'char **',
};

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const ops = Object.entries(opTable).map(([name, { code, fields }]) => {
  const members = Object.entries(fields).map(([field, type]) => ({ field: snake(field), type }));
  return { name: snake(name), code, members };
});

function hex(value: number): string {
  return `0x${value.toString(16)}u`;
}

export function opsHeader(): string {
  const constants = [
    `#define PLAN_MAGIC ${hex(planMagic)}`,
    `#define PLAN_VERSION ${planVersion}u`,
    `#define PLAN_TABLE ${hex(opTableHash)}`,
    `#define PLAN_MAX_BYTES ${maxPlanBytes}u`,
  ];
  const sections = Object.entries(planSection).map(([name, n]) => `\tSECTION_${name.toUpperCase()} = ${n},`);
  const codes = ops.map(({ name, code }) => `\tOP_${name.toUpperCase()} = ${code},`);
  const structs = ops
    .filter(({ members }) => members.length > 0)
    .flatMap(({ name, members }) => [
      `struct op_${name} {`,
      ...members.map(({ field, type }) => `\t${cType[type]}${field};`),
      '};',
    ]);
  const union = ops.filter(({ members }) => members.length > 0).map(({ name }) => `\t\tstruct op_${name} ${name};`);
  const cases = ops.flatMap(({ name, members }) => [
    `\tcase OP_${name.toUpperCase()}:`,
    ...members.map(({ field, type }) => `\t\top->u.${name}.${field} = read_${type}(r);`),
    '\t\treturn true;',
  ]);
  return [
    '/* Written by scripts/generate-ops.ts from guest-agent/plan/op.ts: do not edit. */',
    '#ifndef OPS_GEN_H',
    '#define OPS_GEN_H',
    '#include "wire_fields.h"',
    ...constants,
    'enum section {',
    ...sections,
    '};',
    'enum op_code {',
    ...codes,
    '};',
    ...structs,
    'struct op {',
    '\tuint32_t code;',
    '\tunion {',
    ...union,
    '\t} u;',
    '};',
    '/* Fills the fields of op->code; false when there is no such operation. */',
    'static inline bool read_op_fields(struct reader *r, struct op *op)',
    '{',
    '\tswitch (op->code) {',
    ...cases,
    '\t}',
    '\treturn false;',
    '}',
    '#endif',
    '',
  ].join('\n');
}

/** C that hands each field of `op` to `touch_str`, `touch_bytes`, `touch_list` or `touch_number`, for the tests. */
export function touchHeader(): string {
  const touches = { u32: 'number', u64: 'number', str: 'str', bytes: 'bytes', list: 'list' } as const;
  const cases = ops.flatMap(({ name, members }) => [
    `\tcase OP_${name.toUpperCase()}:`,
    ...members.map(({ field, type }) => `\t\ttouch_${touches[type]}(op->u.${name}.${field});`),
    '\t\tbreak;',
  ]);
  const body = ['\tswitch (op->code) {', ...cases, '\tdefault:', '\t\tabort();', '\t}'];
  return ['static void touch_op(const struct op *op)', '{', ...body, '}', ''].join('\n');
}

export const headerPath = fileURLToPath(new URL('../guest-agent/launcher/ops.gen.h', import.meta.url));

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    if (readFileSync(headerPath, 'utf8') !== opsHeader()) {
      console.error('guest-agent/launcher/ops.gen.h is stale: run `node scripts/generate-ops.ts`.');
      process.exitCode = 1;
    }
  } else writeFileSync(headerPath, opsHeader());
}
