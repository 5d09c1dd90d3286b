/** Profiles other than the default one: conditions of every kind, architectures, bad input, size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeProgram } from '../../../../guest-agent/plan/seccomp/bpf.ts';
import { compileSeccomp } from '../../../../guest-agent/plan/seccomp/compile.ts';
import { x86_64 } from '../../../../guest-agent/plan/seccomp/syscalls-x86_64.gen.ts';
import { runFilter } from '../../../support/bpf-interpreter.ts';

const audit = 0xc000003e;
const context = { architecture: 'amd64' as const, kernel: '6.12.41', capabilities: [] };
const allow = 0x7fff0000;
const deny = 0x00050001;

interface Arg {
  index: number;
  value: number;
  valueTwo?: number;
  op: string;
}

const meaning: Readonly<Record<string, (actual: bigint, value: bigint, two: bigint) => boolean>> = {
  SCMP_CMP_NE: (a, v) => a !== v,
  SCMP_CMP_LT: (a, v) => a < v,
  SCMP_CMP_LE: (a, v) => a <= v,
  SCMP_CMP_EQ: (a, v) => a === v,
  SCMP_CMP_GE: (a, v) => a >= v,
  SCMP_CMP_GT: (a, v) => a > v,
  SCMP_CMP_MASKED_EQ: (a, v, two) => (a & v) === two,
};

const value = fc.oneof(
  fc.nat(3),
  fc.constantFrom(0xffffffff, 0x100000000, 0x100000001, 2 ** 40 + 5),
  fc.nat(0xffffffff),
);
const arg = fc.record({ index: fc.nat(5), value, valueTwo: value, op: fc.constantFrom(...Object.keys(meaning)) });
const near = (args: readonly Arg[]) =>
  fc.array(
    fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(0n, ...args.flatMap(({ value: v, valueTwo: t = 0 }) => [BigInt(v), BigInt(v) + 1n, BigInt(t)])),
    ),
    { minLength: 6, maxLength: 6 },
  );

test('conditions mean what they say on 64-bit arguments; an argument named twice means either', () => {
  const rules = fc.array(fc.array(arg, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
  const withData = rules.chain((list) => fc.tuple(fc.constant(list), near(list.flat())));
  fc.assert(
    fc.property(withData, ([list, data]) => {
      const syscalls = list.map((args) => ({ names: ['read'], action: 'SCMP_ACT_ALLOW', args }));
      const { program } = compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, context);
      const holds = ({ index, value: v, valueTwo, op }: Arg) =>
        meaning[op]?.(data[index] ?? 0n, BigInt(v), BigInt(valueTwo ?? 0)) ?? false;
      const ruleHolds = (args: Arg[]) =>
        new Set(args.map(({ index }) => index)).size === args.length ? args.every(holds) : args.some(holds);
      const { result } = runFilter(program, { number: 0, architecture: audit, args: data });
      assert.equal(result, list.some(ruleHolds) ? allow : deny);
    }),
    { numRuns: 2000 },
  );
});

test('every jump stays in the program and every path ends in a return', () => {
  const names = Object.keys(x86_64);
  const rule = fc.record({
    names: fc.subarray(names, { minLength: 1, maxLength: 40 }),
    action: fc.constantFrom('SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRAP', 'SCMP_ACT_KILL_PROCESS'),
    args: fc.array(arg, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 5 }), (syscalls) => {
      const code = decodeProgram(compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, context).program);
      for (const [at, { code: op, jt, jf, k }] of code.entries()) {
        if (op === 0x06) continue;
        const targets = op === 0x05 ? [k] : [0x20, 0x54].includes(op) ? [0] : [jt, jf];
        for (const target of targets) assert.ok(at + 1 + target < code.length, `instruction ${at}`);
      }
    }),
    { numRuns: 100 },
  );
});

test('a section too long for a short jump still works', () => {
  const names = Object.keys(x86_64).filter((name) => name !== 'read');
  const syscalls = names.slice(0, 200).map((name, index) => ({
    ...{ names: [name], action: 'SCMP_ACT_ALLOW' },
    args: [{ index: 0, value: index, op: 'SCMP_CMP_EQ' }],
  }));
  const { program } = compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, context);
  assert.ok(decodeProgram(program).length > 1000);
  for (const [index, name] of names.slice(0, 200).entries()) {
    const data = (first: number) => ({ number: x86_64[name] ?? -1, architecture: audit, args: [BigInt(first)] });
    assert.equal(runFilter(program, data(index)).result, allow, name);
    assert.equal(runFilter(program, data(index + 1)).result, deny, name);
  }
});

test('actions and their errno', () => {
  const result = (action: string, errnoRet?: number) => {
    const syscalls = [{ names: ['read'], action, errnoRet }];
    const defaultAction = action === 'SCMP_ACT_ALLOW' ? 'SCMP_ACT_ERRNO' : 'SCMP_ACT_ALLOW';
    const { program } = compileSeccomp({ defaultAction, syscalls }, context);
    return runFilter(program, { number: 0, architecture: audit, args: [] }).result;
  };
  assert.equal(result('SCMP_ACT_ALLOW'), 0x7fff0000);
  assert.equal(result('SCMP_ACT_ERRNO', 38), 0x00050026);
  assert.equal(result('SCMP_ACT_ERRNO'), 0x00050001);
  assert.equal(result('SCMP_ACT_TRACE', 7), 0x7ff00007);
  assert.equal(result('SCMP_ACT_KILL'), 0);
  assert.equal(result('SCMP_ACT_KILL_PROCESS'), 0x80000000);
  assert.equal(result('SCMP_ACT_TRAP'), 0x00030000);
  assert.equal(result('SCMP_ACT_LOG'), 0x7ffc0000);
});

test('an allow-by-default profile lets unknown numbers pass; without x32 its numbers are killed', () => {
  const syscalls = [{ names: ['mkdir', 'no_such_call'], action: 'SCMP_ACT_ERRNO' }];
  const { program, unknownNames } = compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, context);
  const result = (number: number) => runFilter(program, { number, architecture: audit, args: [] }).result;
  assert.deepEqual([result(83), result(5000), result(0x40000000)], [deny, allow, 0x80000000]);
  assert.deepEqual(unknownNames, ['no_such_call']);
});

test('includes and excludes by kernel', () => {
  const syscalls = [
    { names: ['read'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.12' } },
    { names: ['write'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.13' } },
    { names: ['open'], action: 'SCMP_ACT_ALLOW', excludes: { minKernel: '5.0' } },
  ];
  const { program } = compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, context);
  const results = [0, 1, 2].map((number) => runFilter(program, { number, architecture: audit, args: [] }).result);
  assert.deepEqual(results, [allow, 0x00050026, 0x00050026]);
});

test('a bad profile is refused with the place of the mistake', () => {
  const table: [unknown, RegExp][] = [
    [null, /the top level/],
    [{}, /defaultAction/],
    [{ defaultAction: 'SCMP_ACT_NOTIFY' }, /defaultAction/],
    [{ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['read'], action: 'DENY' }] }, /syscalls\.0\.action/],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: [], action: 'SCMP_ACT_LOG' }] },
      /syscalls\.0: no system call/,
    ],
    [
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['a'], action: 'SCMP_ACT_LOG', args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }],
      },
      /syscalls\.0\.args\.0\.index/,
    ],
    [
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86'],
        archMap: [{ architecture: 'SCMP_ARCH_X86_64' }],
      },
      /both architectures and archMap/,
    ],
  ];
  for (const [profile, message] of table)
    assert.throws(() => compileSeccomp(profile, context), { code: 'invalid-argument', message });
});

test('no JSON value makes the compiler fail otherwise than with invalid-argument', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      assert.throws(() => compileSeccomp(json, context), { code: 'invalid-argument' });
    }),
  );
});
