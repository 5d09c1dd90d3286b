/**
 * A seccomp profile in Docker's JSON form: the OCI `linux.seccomp` object plus `archMap` and each rule's `includes` and
 * `excludes`. Source: moby profiles/seccomp, runtime-spec config-linux.md "Seccomp".
 */
import * as v from 'valibot';
import { EngineError } from '../../protocol/errors.ts';

const Action = v.picklist([
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
]);
export type Action = v.InferOutput<typeof Action>;

const Operator = v.picklist([
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
]);
export type Operator = v.InferOutput<typeof Operator>;

const Value = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER, 'values beyond 2^53 cannot be read from JSON exactly'),
);
const Errno = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4095));
const Kernel = v.pipe(v.string(), v.regex(/^\d+\.\d+$/, 'a kernel version such as 4.8'));
const list = <T extends v.GenericSchema>(item: T) => v.nullish(v.array(item));

const Condition = v.object({
  index: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(5)),
  value: Value,
  valueTwo: v.nullish(Value),
  op: Operator,
});
export type Condition = v.InferOutput<typeof Condition>;

const Filter = v.nullish(v.object({ caps: list(v.string()), arches: list(v.string()), minKernel: v.nullish(Kernel) }));

const Rule = v.object({
  /** The older form of `names`. */
  name: v.nullish(v.string()),
  names: list(v.string()),
  action: Action,
  errnoRet: v.nullish(Errno),
  args: list(Condition),
  includes: Filter,
  excludes: Filter,
});
export type Rule = v.InferOutput<typeof Rule>;

const Profile = v.object({
  defaultAction: Action,
  defaultErrnoRet: v.nullish(Errno),
  architectures: list(v.string()),
  archMap: list(v.object({ architecture: v.string(), subArchitectures: list(v.string()) })),
  flags: list(v.picklist(['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'])),
  syscalls: list(Rule),
});
export type Profile = v.InferOutput<typeof Profile>;

/** Checks a profile; `invalid-argument` names the place of the first mistake, such as `syscalls.3.action`. */
export function parseProfile(input: unknown): Profile {
  const result = v.safeParse(Profile, input);
  if (!result.success) {
    const issue = result.issues[0];
    const place = v.getDotPath(issue) ?? 'the top level';
    throw invalid(`seccomp profile, ${place}: ${issue.message}`);
  }
  const profile = result.output;
  if (nonEmpty(profile.architectures) && nonEmpty(profile.archMap))
    throw invalid('seccomp profile: both architectures and archMap are given');
  for (const [index, rule] of (profile.syscalls ?? []).entries())
    if (namesOf(rule).length === 0) throw invalid(`seccomp profile, syscalls.${index}: no system call is named`);
  return profile;
}

/** A rule's system call names, of both forms. */
export function namesOf(rule: Rule): readonly string[] {
  return rule.name ? [rule.name, ...(rule.names ?? [])] : (rule.names ?? []);
}

function nonEmpty(items: readonly unknown[] | null | undefined): boolean {
  return items !== null && items !== undefined && items.length > 0;
}

function invalid(message: string): EngineError {
  return new EngineError('invalid-argument', message, {
    hint: 'Correct the file, or leave --security-opt seccomp= out to use the default profile.',
  });
}
