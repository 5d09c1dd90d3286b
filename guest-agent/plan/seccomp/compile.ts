/**
 * A seccomp profile compiled to classic BPF: first the architecture, then a binary search over the system call number,
 * then, where a rule has conditions, the arguments. As with runc, a number above all that the profile knows gets
 * ENOSYS rather than the default error, so that programs fall back to older calls on newer kernels.
 */
import { EngineError } from '../../protocol/errors.ts';
import { isKnownSyscall, x32Bit } from './architecture.ts';
import { choose, encodeProgram, load, maxInstructions, ret, seccompData, type Instruction } from './bpf.ts';
import { conditionCode } from './condition.ts';
import { namesOf, parseProfile, type Profile } from './profile.ts';
import { actionResult, retValue, rulesFor, type ArchitectureRules, type Clause, type FilterContext } from './rules.ts';

export interface SeccompFilter {
  /** struct sock_filter[]. */
  program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_*. */
  flags: number;
  /** Names in the profile that no supported architecture has; they are without effect. */
  unknownNames: readonly string[];
}

/** Numbers from `start` up to the next range's start share one outcome. */
interface Range {
  start: number;
  code: readonly Instruction[];
}

const filterFlag = { SECCOMP_FILTER_FLAG_LOG: 2, SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4 } as const;

/** Compiles a profile given as JSON data. Fails with `invalid-argument` when it is not one or is too long for the kernel. */
export function compileSeccomp(input: unknown, context: FilterContext): SeccompFilter {
  const profile = parseProfile(input);
  const fallback = actionResult(profile.defaultAction, profile.defaultErrnoRet);
  const beyond = beyondKnown(profile, fallback);
  const sections = groupByAudit(rulesFor(profile, context)).map(({ audit, members }) => ({
    audit,
    code: [load(seccompData.number), ...search(ranges(members, { fallback, beyond }))],
  }));
  let program: Instruction[] = [ret(retValue.killProcess)];
  for (const { audit, code } of sections.reverse()) program = choose('jumpEqual', audit, code, program);
  program = [load(seccompData.architecture), ...program];
  if (program.length > maxInstructions)
    throw new EngineError(
      'invalid-argument',
      `seccomp profile: compiled to ${program.length} instructions, the kernel takes ${maxInstructions}`,
      { hint: 'Use fewer rules with arguments.' },
    );
  const unknownNames = (profile.syscalls ?? []).flatMap(namesOf).filter((name) => !isKnownSyscall(name));
  return { program: encodeProgram(program), flags: flagBits(profile), unknownNames: [...new Set(unknownNames)] };
}

/** runc's stub: not where unknown calls pass anyway, nor where the profile already says ENOSYS. */
function beyondKnown(profile: Profile, fallback: number): number {
  const passes = ['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE'].includes(profile.defaultAction);
  return passes ? fallback : retValue.noSyscall;
}

/** Without flags runc asks for SPEC_ALLOW, as the kernel itself does since 5.16. One thread needs no TSYNC. */
function flagBits(profile: Profile): number {
  const names: readonly string[] = profile.flags ?? ['SECCOMP_FILTER_FLAG_SPEC_ALLOW'];
  return Object.entries(filterFlag).reduce((bits, [name, bit]) => (names.includes(name) ? bits | bit : bits), 0);
}

function groupByAudit(all: readonly ArchitectureRules[]): { audit: number; members: ArchitectureRules[] }[] {
  const groups = new Map<number, ArchitectureRules[]>();
  for (const rules of all)
    groups.set(rules.architecture.audit, [...(groups.get(rules.architecture.audit) ?? []), rules]);
  return [...groups].map(([audit, members]) => ({ audit, members }));
}

interface Outcomes {
  fallback: number;
  beyond: number;
}

function ranges(members: readonly ArchitectureRules[], outcomes: Outcomes): Range[] {
  const list: Range[] = [{ start: 0, code: [ret(retValue.killProcess)] }];
  for (const { architecture, clauses } of members) {
    const base = architecture.name === 'SCMP_ARCH_X32' ? x32Bit : 0;
    list.push({ start: base, code: [ret(clauses.size === 0 ? outcomes.beyond : outcomes.fallback)] });
    const numbers = [...clauses.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      list.push({ start: number, code: clausesCode(clauses.get(number) ?? [], outcomes.fallback) });
      const last = number === numbers.at(-1);
      list.push({ start: number + 1, code: [ret(last ? outcomes.beyond : outcomes.fallback)] });
    }
    if (architecture.name === 'SCMP_ARCH_X86_64') list.push({ start: x32Bit, code: [ret(retValue.killProcess)] });
  }
  return merge(list);
}

/** A later range at the same start replaces the earlier; equal neighbours become one. */
function merge(list: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of list) {
    if (merged.at(-1)?.start === range.start) merged.pop();
    const before = merged.at(-1);
    if (before && sameReturn(before.code, range.code)) continue;
    merged.push(range);
  }
  return merged;
}

function sameReturn(a: readonly Instruction[], b: readonly Instruction[]): boolean {
  return a.length === 1 && b.length === 1 && a[0]?.k === b[0]?.k;
}

function search(list: readonly Range[]): readonly Instruction[] {
  const middle = list.length >> 1;
  const pivot = list[middle];
  if (pivot === undefined) return [ret(retValue.killProcess)];
  if (middle === 0) return pivot.code;
  return choose('jumpGreaterOrEqual', pivot.start, search(list.slice(middle)), search(list.slice(0, middle)));
}

function clausesCode(clauses: readonly Clause[], fallback: number): Instruction[] {
  const code: Instruction[] = [];
  for (const { conditions, result } of clauses) {
    let block: Instruction[] = [ret(result)];
    for (const condition of conditions.toReversed()) block = [...conditionCode(condition, block.length), ...block];
    code.push(...block);
    if (conditions.length === 0) return code;
  }
  return [...code, ret(fallback)];
}
