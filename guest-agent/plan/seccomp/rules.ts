/**
 * From a profile to what each system call number gets, for one guest and one container: rules are chosen by
 * architecture, capabilities and kernel as Docker chooses them, and combined as runc and libseccomp combine them.
 */
import { nativeName, reachable, type Architecture, type NativeArchitecture } from './architecture.ts';
import { namesOf, type Action, type Condition, type Profile, type Rule } from './profile.ts';

export interface FilterContext {
  architecture: NativeArchitecture;
  /** Release of the guest's kernel, such as `6.12.41`. */
  kernel: string;
  /** Bounding set of the container, names without `CAP_`. */
  capabilities: readonly string[];
}

/** All conditions must hold; none: always. */
export interface Clause {
  conditions: readonly Condition[];
  /** SECCOMP_RET_* value. */
  result: number;
}

/** What one architecture's system calls get, tried in order; when no clause holds, the default. */
export interface ArchitectureRules {
  architecture: Architecture;
  clauses: ReadonlyMap<number, readonly Clause[]>;
}

const epermNumber = 1;
const enosysNumber = 38;

/** SECCOMP_RET_* of linux/seccomp.h. */
export const retValue = {
  killProcess: 0x8000_0000,
  killThread: 0,
  errno: (number: number) => 0x0005_0000 + number,
  noSyscall: 0x0005_0000 + enosysNumber,
} as const;

export function actionResult(action: Action, errnoRet: number | null | undefined): number {
  const data = errnoRet ?? epermNumber;
  switch (action) {
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return retValue.killThread;
    case 'SCMP_ACT_KILL_PROCESS':
      return retValue.killProcess;
    case 'SCMP_ACT_TRAP':
      return 0x0003_0000;
    case 'SCMP_ACT_ERRNO':
      return retValue.errno(data);
    case 'SCMP_ACT_TRACE':
      return 0x7ff0_0000 + data;
    case 'SCMP_ACT_LOG':
      return 0x7ffc_0000;
    case 'SCMP_ACT_ALLOW':
      return 0x7fff_0000;
  }
}

/** The architectures that the filter covers: the native one and its sub-architectures, or those listed. */
export function coveredArchitectures(profile: Profile, native: NativeArchitecture): Architecture[] {
  const listed = profile.architectures ?? [];
  if (listed.length > 0) return reachable(native, listed);
  const own = profile.archMap?.find(({ architecture }) => architecture === nativeName(native));
  return reachable(native, [nativeName(native), ...(own?.subArchitectures ?? [])]);
}

export function rulesFor(profile: Profile, context: FilterContext): ArchitectureRules[] {
  const rules = (profile.syscalls ?? []).filter((rule) => applies(rule, context));
  const fallback = actionResult(profile.defaultAction, profile.defaultErrnoRet);
  return coveredArchitectures(profile, context.architecture).map((architecture) => ({
    architecture,
    clauses: clausesFor(architecture, rules, fallback),
  }));
}

function clausesFor(architecture: Architecture, rules: readonly Rule[], fallback: number): Map<number, Clause[]> {
  const clauses = new Map<number, Clause[]>();
  for (const rule of rules) {
    const result = actionResult(rule.action, rule.errnoRet);
    for (const name of namesOf(rule)) {
      const number = architecture.numbers[name];
      if (number === undefined) continue;
      const list = clauses.get(number) ?? [];
      for (const conditions of alternatives(rule.args ?? [])) list.push({ conditions, result });
      clauses.set(number, list);
    }
  }
  for (const [number, list] of clauses) clauses.set(number, simplify(list, fallback));
  return clauses;
}

/** A rule that names one argument twice means "either" (runc's reading), else all its conditions together. */
function alternatives(conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  const indexes = new Set(conditions.map(({ index }) => index));
  return indexes.size === conditions.length ? [conditions] : conditions.map((condition) => [condition]);
}

/** An unconditional clause makes the others moot (libseccomp), and what only repeats the default is not needed. */
function simplify(list: readonly Clause[], fallback: number): Clause[] {
  const always = list.find(({ conditions }) => conditions.length === 0);
  return always ? [always] : list.filter(({ result }) => result !== fallback);
}

function applies(rule: Rule, context: FilterContext): boolean {
  return includesHold(rule.includes, context) && !excludesHold(rule.excludes, context);
}

function includesHold(includes: Rule['includes'], context: FilterContext): boolean {
  if (!includes) return true;
  if (includes.arches?.length && !includes.arches.includes(context.architecture)) return false;
  if (includes.minKernel && !kernelAtLeast(context.kernel, includes.minKernel)) return false;
  return includes.caps?.every((name) => hasCapability(context, name)) ?? true;
}

function excludesHold(excludes: Rule['excludes'], context: FilterContext): boolean {
  if (!excludes) return false;
  if (excludes.arches?.includes(context.architecture)) return true;
  if (excludes.minKernel && kernelAtLeast(context.kernel, excludes.minKernel)) return true;
  return excludes.caps?.some((name) => hasCapability(context, name)) ?? false;
}

function hasCapability(context: FilterContext, name: string): boolean {
  return context.capabilities.includes(name.replace(/^CAP_/, ''));
}

/** Compares major and minor numbers. */
export function kernelAtLeast(release: string, minimum: string): boolean {
  const parts = (text: string): [number, number] => {
    const [major = 0, minor = 0] = text.split(/[.-]/).map((part) => Number.parseInt(part, 10));
    return [major, minor];
  };
  const [major, minor] = parts(release);
  const [wantedMajor, wantedMinor] = parts(minimum);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
