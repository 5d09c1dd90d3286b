/** A plan in words: every kernel operation in order, who does it, and why. */
import type { ExplainedOp } from '../protocol/container.ts';
import { capabilitiesOf, capabilityNames } from './capability.ts';
import { describeNetlink } from './describe-netlink.ts';
import { cloneFlag, flagNames, mountAttr, mountFlag } from './flags.ts';
import type { Join, LaunchPlan, Op, OpName } from './op.ts';
import { rlimitNames, unlimited } from './rlimit.ts';
import { fromUtf8 } from './utf8.ts';

const octal = (mode: number): string => `0${mode.toString(8)}`;
const quote = (text: string): string => JSON.stringify(text);
const call = (name: string, ...args: (string | number)[]): string =>
  `${name}(${args.filter((a) => a !== '').join(', ')})`;
const attrs = (value: bigint): string => flagNames(value, mountAttr);

function oneLine(data: Uint8Array): string {
  return fromUtf8(data).trimEnd().replaceAll('\n', '; ');
}

function ids(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `[${Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true)).join(', ')}]`;
}

function capabilityList(mask: bigint): string {
  const names = capabilitiesOf(mask);
  if (names.length === 0) return 'none';
  return names.length === capabilityNames.length ? 'all' : names.join(' ');
}

function limit(value: bigint): string {
  return value === unlimited ? 'unlimited' : String(value);
}

type Describers = { [N in OpName]: (op: Extract<Op, { op: N }>) => string };

const fileWords: Pick<
  Describers,
  'mkdir' | 'write' | 'createFile' | 'symlink' | 'mknod' | 'chown' | 'makeDirs' | 'deviceProgram'
> = {
  mkdir: ({ path, mode }) => call('mkdir', path, octal(mode)),
  write: ({ path, data }) => `write ${quote(oneLine(data))} to ${path}`,
  createFile: ({ path, mode, data }) => `create ${path} (mode ${octal(mode)}, ${data.length} bytes)`,
  symlink: ({ target, path }) => call('symlink', quote(target), path),
  mknod: ({ path, mode, major, minor }) => call('mknod', path, octal(mode), `${major}:${minor}`),
  chown: ({ path, uid, gid }) => call('chown', path, uid, gid),
  deviceProgram: ({ cgroup, program }) =>
    call('bpf', 'BPF_PROG_ATTACH', 'BPF_CGROUP_DEVICE', cgroup, `${program.length / 8} BPF instructions`),
  makeDirs: ({ path, mode }) => `mkdir -p ${path} (mode ${octal(mode)})`,
};

type MountOp = 'createMount' | 'mount' | 'openTree' | 'moveMount' | 'placeMount' | 'setMountAttr';
type MountWordsOp = MountOp | 'propagation' | 'pivotRoot' | 'maskPath' | 'readonlyPath';

const mountWords: Pick<Describers, MountWordsOp> = {
  createMount: ({ slot, type, attr, data }) =>
    `${call('fsopen', type)}, ${call('fsmount', data, attrs(attr))} → slot ${slot}`,
  mount: ({ source, target, type, flags, data }) =>
    call('mount', source, target, type, flagNames(flags, mountFlag), quote(data)),
  openTree: ({ slot, source, recursive, idmap, attr, under }) =>
    [
      call(
        'open_tree',
        source,
        recursive ? 'OPEN_TREE_CLONE|AT_RECURSIVE' : 'OPEN_TREE_CLONE',
        under ? 'RESOLVE_BENEATH' : '',
      ),
      ...(attr === 0n ? [] : [call('mount_setattr', attrs(attr))]),
      ...(idmap ? [call('mount_setattr', 'MOUNT_ATTR_IDMAP', 'the container’s user namespace')] : []),
    ].join(', ') + ` → slot ${slot}`,
  moveMount: ({ slot, target }) => call('move_mount', `slot ${slot}`, target),
  placeMount: ({ slot, target }) => call('move_mount', `slot ${slot}`, target),
  setMountAttr: ({ target, recursive, set, clear }) =>
    call('mount_setattr', target, recursive ? 'AT_RECURSIVE' : '', `set ${attrs(set)}`, `clear ${attrs(clear)}`),
  propagation: ({ flags }) => call('mount', '/', `MS_REC|${flagNames(flags, mountFlag)}`),
  pivotRoot: ({ slot, scratch }) =>
    `${call('move_mount', `slot ${slot}`, scratch)}, pivot_root(".", "."), umount2(".", MNT_DETACH)`,
  maskPath: ({ path }) => `cover ${path} with nothing`,
  readonlyPath: ({ path }) => call('mount_setattr', path, 'MOUNT_ATTR_RDONLY'),
};

type ProcessWordsOp = Exclude<OpName, keyof typeof fileWords | keyof typeof mountWords>;

const processWords: Pick<Describers, ProcessWordsOp> = {
  unshare: ({ flags }) => call('unshare', flagNames(flags, cloneFlag)),
  sethostname: ({ name }) => call('sethostname', quote(name)),
  setdomainname: ({ name }) => call('setdomainname', quote(name)),
  netlink: ({ message, ifname }) =>
    `netlink ${describeNetlink(message)}${ifname === '' ? '' : ` ({index}: that of ${ifname})`}`,
  rlimit: ({ resource, soft, hard }) =>
    call('prlimit', `RLIMIT_${(rlimitNames[resource] ?? String(resource)).toUpperCase()}`, limit(soft), limit(hard)),
  umask: ({ mask }) => call('umask', octal(mask)),
  setgroups: ({ gids }) => call('setgroups', ids(gids)),
  setids: ({ uid, gid }) => `${call('setresgid', gid)}, ${call('setresuid', uid)}`,
  capabilities: ({ effective, permitted, inheritable, ambient }) =>
    call(
      'capset',
      `effective ${capabilityList(effective)}`,
      `permitted ${capabilityList(permitted)}`,
      `inheritable ${capabilityList(inheritable)}`,
      `ambient ${capabilityList(ambient)}`,
    ),
  fsids: ({ uid, gid }) => `${call('setfsuid', uid)}, ${call('setfsgid', gid)}`,
  noNewPrivileges: () => 'prctl(PR_SET_NO_NEW_PRIVS, 1)',
  seccomp: ({ program, flags }) =>
    call(
      'seccomp',
      'SECCOMP_SET_MODE_FILTER',
      flags === 0 ? '' : `flags 0x${flags.toString(16)}`,
      `${program.length / 8} BPF instructions`,
    ),
  chdir: ({ path }) => call('chdir', path),
  setsid: () => 'setsid()',
  ownProgram: () => 'open(/proc/self/exe)',
  keyring: ({ name }) => call('keyctl', 'KEYCTL_JOIN_SESSION_KEYRING', quote(name)),
  stdio: ({ uid, gid, console, rows, columns }) =>
    [
      `stdin, stdout, stderr of ${uid}:${gid}`,
      ...(console === '' ? [] : [`the terminal bound at ${console}`]),
      ...(rows === 0 && columns === 0 ? [] : [`${rows} rows, ${columns} columns`]),
    ].join(', '),
  bounding: ({ bounding }) => call('prctl', 'PR_CAPBSET_DROP', `all but ${capabilityList(bounding)}`),
};

const describers: Describers = { ...fileWords, ...mountWords, ...processWords };

/** The operation as a line: system call and arguments. */
export function describeOp(op: Op): string {
  const describe = describers[op.op] as (op: Op) => string;
  return describe(op);
}

function describeJoin(join: Join): string {
  return 'path' in join
    ? call('setns', join.path)
    : call('setns', `process ${join.pid}`, flagNames(join.flags, cloneFlag));
}

/** The plan in the order of its execution. */
export function explainPlan(plan: LaunchPlan): ExplainedOp[] {
  const lines: Omit<ExplainedOp, 'index'>[] = [];
  const add = (actor: ExplainedOp['actor'], ops: readonly Op[]): void => {
    for (const op of ops) lines.push({ actor, op: op.op, detail: describeOp(op), why: op.why });
  };
  const { flags, cgroup, why } = plan.clone;
  add('monitor', plan.before);
  for (const join of plan.join)
    lines.push({ actor: 'container', op: 'join', detail: describeJoin(join), why: join.why });
  const cloneFlags = flagNames(flags | 0n, cloneFlag);
  const words = ['CLONE_PIDFD', ...(cgroup === '' ? [] : ['CLONE_INTO_CGROUP']), ...(flags === 0n ? [] : [cloneFlags])];
  lines.push({ actor: 'monitor', op: 'clone', detail: call('clone3', words.join('|'), cgroup), why });
  add('monitor', plan.outside);
  add('container', plan.inside);
  const command = plan.exec.argv.map((word) => (/^[\w./=:@%+-]+$/.test(word) ? word : quote(word))).join(' ');
  lines.push({ actor: 'container', op: 'exec', detail: `execve ${command}`, why: plan.exec.why });
  return lines.map((line, index) => ({ index, ...line }));
}
