/**
 * Writes guest-agent/plan/seccomp/syscalls-*.gen.ts: system call names and numbers by architecture, from the kernel's
 * user-space headers.
 *
 *     node scripts/generate-syscalls.ts FOLDER
 *
 * FOLDER is the root of an unpacked Debian 13 package `linux-libc-dev` (which holds the headers of every architecture).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const outputFolder = join(import.meta.dirname, '../guest-agent/plan/seccomp');

const tables = [
  { name: 'x86_64', headers: ['x86_64-linux-gnu/asm/unistd_64.h'] },
  { name: 'i386', headers: ['x86_64-linux-gnu/asm/unistd_32.h'] },
  { name: 'x32', headers: ['x86_64-linux-gnu/asm/unistd_x32.h'] },
  { name: 'aarch64', headers: ['aarch64-linux-gnu/asm/unistd_64.h'] },
  { name: 'arm', headers: ['arm-linux-gnueabihf/asm/unistd-eabi.h', 'arm-linux-gnueabihf/asm/unistd.h'] },
];

const bases: Readonly<Record<string, number>> = {
  __NR_SYSCALL_BASE: 0,
  __X32_SYSCALL_BIT: 0x4000_0000,
  __ARM_NR_BASE: 0x0f_0000,
};

/** Definitions of the same form that are no system calls. */
const notSyscalls = new Set(['syscalls', 'BASE', 'SYSCALL_BASE', 'arch_specific_syscall']);

function parseHeader(text: string): [string, number][] {
  const line = /^#define\s+__(?:NR|ARM_NR)_(\w+)\s+\(?(?:(__\w+)\s*\+\s*)?(\d+)\)?\s*$/gm;
  const found: [string, number][] = [];
  for (const [, name, base, digits] of text.matchAll(line)) {
    if (name === undefined || notSyscalls.has(name)) continue;
    const offset = base === undefined ? 0 : bases[base];
    if (offset === undefined) throw new Error(`${name}: unknown base ${base ?? ''}; add it to the table of bases`);
    found.push([name, offset + Number(digits)]);
  }
  return found;
}

const root = process.argv[2];
if (root === undefined) throw new Error('name the folder of an unpacked linux-libc-dev package');
for (const table of tables) {
  const entries = table.headers
    .flatMap((header) => parseHeader(readFileSync(join(root, 'usr/include', header), 'utf8')))
    .sort((a, b) => a[1] - b[1]);
  if (entries.length < 250) throw new Error(`${table.name}: only ${entries.length} system calls found`);
  const lines = entries.map(([name, number]) => `  ${name}: ${number},`);
  const source = [
    `/** System calls of ${table.name}: written by scripts/generate-syscalls.ts from linux-libc-dev. */`,
    `export const ${table.name}: Readonly<Record<string, number>> = {`,
    ...lines,
    '};',
    '',
  ].join('\n');
  writeFileSync(join(outputFolder, `syscalls-${table.name}.gen.ts`), source);
}
