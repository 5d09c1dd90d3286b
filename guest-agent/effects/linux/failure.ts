/** How the launcher's FAILED frame becomes an EngineError that names the operation and its reason. */
import { constants } from 'node:os';
import type { LaunchPlan, Op, OpName } from '../../plan/op.ts';
import { planSection, type PlanSection } from '../../plan/wire.ts';
import { diskFullHint, EngineError } from '../../protocol/errors.ts';

export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}

const sections = Object.keys(planSection) as PlanSection[];
const { ENOENT, ENOTDIR, EACCES, ENOEXEC, EPERM, ENODEV, ENOSPC, EISDIR } = constants.errno;

/** Those that make files or folders on the data disk. */
const fileOps: ReadonlySet<OpName> = new Set<OpName>([
  ...(['mkdir', 'makeDirs', 'createFile', 'symlink', 'mknod'] as const),
  ...(['createMount', 'mount', 'placeMount', 'pivotRoot'] as const),
]);

/** One operation in a few words: its name and what it works on. */
export function describeOp(op: Op): string {
  const values: Readonly<Record<string, unknown>> = { ...op };
  const place = ['target', 'path', 'source', 'name', 'ifname'].map((key) => values[key]);
  const first = place.find((value) => typeof value === 'string' && value !== '');
  return typeof first === 'string' ? `${op.op} ${first}` : op.op;
}

/** @param payload u8 section, u32 index, i32 errno, text */
export function launchError(plan: LaunchPlan, payload: Buffer): EngineError {
  const section = sections[payload.readUInt8(0)] ?? 'plan';
  const index = payload.readUInt32LE(1);
  const errno = payload.readInt32LE(5);
  const call = payload.toString('utf8', 9);
  const data = { section, index, errno, errnoName: errnoName(errno), call };
  if (section === 'exec' && call === 'execve') return commandError(plan, data);
  const op = section === 'before' || section === 'outside' || section === 'inside' ? plan[section][index] : undefined;
  const what = op === undefined ? sectionNames[section] : `${describeOp(op)} (${op.why})`;
  const failed = `Starting failed at ${what}: ${call}: ${data.errnoName}.`;
  const facts = op === undefined ? data : { ...data, op: op.op };
  const known = op === undefined ? undefined : knownFailure(op, errno, failed, facts);
  return (
    known ??
    new EngineError('operation-failed', failed, {
      hint: 'Nothing of it is left. The kernel’s own messages say more: "berth ssh -- dmesg".',
      data: facts,
    })
  );
}

/** What users can do something about. */
function knownFailure(op: Op, errno: number, failed: string, data: Record<string, unknown>): EngineError | undefined {
  // clone3(2) and cgroups tell limits of other things by the same number.
  if (errno === ENOSPC && fileOps.has(op.op))
    return new EngineError('disk-full', `The data disk is full. ${failed}`, { hint: diskFullHint, data });
  if (errno === EPERM && op.op === 'placeMount' && /^its link leads/.test(String(data.call)))
    return new EngineError('invalid-argument', failed, {
      hint: 'Choose another folder of the container, such as /data.',
      data,
    });
  if (errno === ENODEV && op.op === 'mount')
    return new EngineError('unsupported', `This guest's kernel has no file system ${op.type}. ${failed}`, {
      hint: 'Restart the machine, if its image is newer; or make the volume with another type.',
      data,
    });
  return undefined;
}

const sectionNames: Readonly<Record<PlanSection, string>> = {
  plan: 'reading the plan',
  before: 'preparing',
  join: 'entering the namespaces',
  clone: 'cloning the first process',
  outside: 'the monitor’s part',
  inside: 'the container’s part',
  exec: 'the last steps before exec',
  monitor: 'setting up the monitor',
};

function commandError(plan: LaunchPlan, data: { errno: number; errnoName: string }): EngineError {
  const command = plan.exec.argv[0] ?? '';
  const { errno } = data;
  if (errno === ENOENT || errno === ENOTDIR) {
    const where = command.includes('/') ? '' : ` in ${plan.exec.searchPath.join(':')}`;
    return new EngineError('command-not-found', `There is no command ${command}${where}.`, {
      hint: 'Check its spelling, and that the image holds it and the interpreter it names.',
      data,
    });
  }
  const reasons = new Map<number, string>([
    [EACCES, 'permission denied'],
    [EPERM, 'not permitted'],
    [EISDIR, 'it is a folder'],
    [ENOEXEC, 'its format is not that of a program for this machine'],
  ]);
  return new EngineError(
    'command-not-executable',
    `${command} cannot be executed: ${reasons.get(errno) ?? data.errnoName}.`,
    {
      hint: 'Check that it is a program for this architecture, or a script with a first line such as #!/bin/sh, and executable.',
      data,
    },
  );
}
