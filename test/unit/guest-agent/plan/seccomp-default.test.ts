/** The compiled default profile against the profile's own words, evaluated without any of the compiler's code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileSeccomp } from '../../../../guest-agent/plan/seccomp/compile.ts';
import { decodeProgram, maxInstructions } from '../../../../guest-agent/plan/seccomp/bpf.ts';
import { aarch64 } from '../../../../guest-agent/plan/seccomp/syscalls-aarch64.gen.ts';
import { arm } from '../../../../guest-agent/plan/seccomp/syscalls-arm.gen.ts';
import { i386 } from '../../../../guest-agent/plan/seccomp/syscalls-i386.gen.ts';
import { x32 } from '../../../../guest-agent/plan/seccomp/syscalls-x32.gen.ts';
import { x86_64 } from '../../../../guest-agent/plan/seccomp/syscalls-x86_64.gen.ts';
import { runFilter } from '../../../support/bpf-interpreter.ts';

interface Arg {
  index: number;
  value: number;
  valueTwo?: number;
  op: string;
}
interface Entry {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: Arg[];
  includes?: { caps?: string[]; arches?: string[]; minKernel?: string };
  excludes?: { caps?: string[]; arches?: string[]; minKernel?: string };
}
const file = new URL('../../../../guest-agent/plan/seccomp-default.json', import.meta.url);
const profile = JSON.parse(readFileSync(file, 'utf8')) as { syscalls: Entry[] };

const allow = 0x7fff0000;
const eperm = 0x00050001;
const enosys = 0x00050026;

function holds(arg: Arg, args: readonly bigint[]): boolean {
  const actual = args[arg.index] ?? 0n;
  const value = BigInt(arg.value);
  switch (arg.op) {
    case 'SCMP_CMP_LT':
      return actual < value;
    case 'SCMP_CMP_GT':
      return actual > value;
    case 'SCMP_CMP_EQ':
      return actual === value;
    case 'SCMP_CMP_MASKED_EQ':
      return (actual & value) === BigInt(arg.valueTwo ?? 0);
    default:
      throw new Error(`the default profile is not known to use ${arg.op}`);
  }
}

function isIncluded({ includes = {} }: Entry, native: string, caps: readonly string[]): boolean {
  return (includes.arches?.includes(native) ?? true) && (includes.caps ?? []).every((cap) => caps.includes(cap));
}

function isExcluded({ excludes = {} }: Entry, native: string, caps: readonly string[]): boolean {
  return (excludes.arches ?? []).includes(native) || (excludes.caps ?? []).some((cap) => caps.includes(cap));
}

function expected(rules: readonly Entry[], name: string, args: readonly bigint[]): number {
  const relevant = rules.filter((entry) => entry.names.includes(name));
  const unconditional = relevant.find((entry) => !entry.args);
  const match = unconditional ?? relevant.find((entry) => entry.args?.every((arg) => holds(arg, args)));
  if (!match) return eperm;
  return match.action === 'SCMP_ACT_ALLOW' ? allow : 0x00050000 + (match.errnoRet ?? 1);
}

const interesting = [
  0n,
  1n,
  8n,
  37n,
  38n,
  39n,
  40n,
  41n,
  0x20000n,
  0x20008n,
  0x7e020000n,
  0x10000000n,
  0xffffffffn,
].flatMap((value) => [value, value | (1n << 32n), BigInt.asUintN(64, ~value)]);

const guests = [
  {
    native: 'amd64' as const,
    sections: [
      { audit: 0xc000003e, numbers: x86_64 },
      { audit: 0x40000003, numbers: i386 },
      { audit: 0xc000003e, numbers: x32 },
    ],
  },
  {
    native: 'arm64' as const,
    sections: [
      { audit: 0xc00000b7, numbers: aarch64 },
      { audit: 0x40000028, numbers: arm },
    ],
  },
];
const capabilitySets = [
  [],
  ['SYS_ADMIN'],
  ['SYS_CHROOT', 'SYS_PTRACE', 'SYSLOG', 'BPF'],
  ['SYS_ADMIN', 'SYS_TIME', 'SYS_NICE'],
];

for (const { native, sections } of guests)
  for (const capabilities of capabilitySets)
    test(`every system call on ${native} with [${capabilities.join(', ')}] gets what the profile says`, () => {
      const { program } = compileSeccomp(profile, { architecture: native, kernel: '6.12.41', capabilities });
      const code = decodeProgram(program);
      const caps = capabilities.map((name) => `CAP_${name}`);
      const rules = profile.syscalls.filter((e) => isIncluded(e, native, caps) && !isExcluded(e, native, caps));
      const named = new Set(rules.flatMap((entry) => entry.names));
      let allowed = 0;
      for (const { audit, numbers } of sections) {
        const highest = Math.max(...[...named].map((name) => numbers[name] ?? 0));
        for (const [name, number] of Object.entries(numbers))
          for (const value of interesting)
            for (const args of [[value], [0n, value]]) {
              const wanted = number > highest ? enosys : expected(rules, name, args);
              const { result } = runFilter(code, { number, architecture: audit, args });
              if (result !== wanted)
                assert.fail(`${name}(${args.join(', ')}): ${result.toString(16)}, want ${wanted.toString(16)}`);
              if (result === allow) allowed++;
            }
      }
      assert.ok(allowed > 10_000);
      assert.ok(code.length < maxInstructions);
    });

test('a number above all known ones gets ENOSYS, and so does clone3 without CAP_SYS_ADMIN', () => {
  const { program } = compileSeccomp(profile, { architecture: 'amd64', kernel: '6.12.41', capabilities: [] });
  const result = (number: number, architecture = 0xc000003e) =>
    runFilter(program, { number, architecture, args: [] }).result;
  assert.equal(result(1000), enosys);
  assert.equal(result(0x40000000 + 1000), enosys);
  assert.equal(result(1000, 0x40000003), enosys);
  assert.equal(result(435), enosys);
  assert.equal(result(165), eperm, 'mount');
});

test('an architecture that the profile does not cover is killed', () => {
  const { program } = compileSeccomp(profile, { architecture: 'amd64', kernel: '6.12.41', capabilities: [] });
  assert.equal(runFilter(program, { number: 0, architecture: 0xc00000b7, args: [] }).result, 0x80000000);
});

test('the search is short: no system call without conditions takes more than 30 steps', () => {
  const { program } = compileSeccomp(profile, { architecture: 'amd64', kernel: '6.12.41', capabilities: [] });
  for (const number of Object.values(x86_64)) {
    const { steps } = runFilter(program, { number, architecture: 0xc000003e, args: [] });
    assert.ok(steps <= 30, `${number}: ${steps}`);
  }
});
