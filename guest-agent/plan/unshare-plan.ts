/** A program of the guest in just the new namespaces that are asked for, with the guest's own files: unshare(1). */
import type { guestMethods } from '../protocol/guest.ts';
import type { ParamsOf } from '../protocol/method.ts';
import { environment, searchPath } from './environment.ts';
import { cloneFlag, flagNames, mountFlag } from './flags.ts';
import type { LaunchPlan, Op } from './op.ts';
import { stdioReason } from './process-plan.ts';
import { utf8 } from './utf8.ts';

export type UnshareParams = ParamsOf<typeof guestMethods.unshare>;

export interface UnshareContext {
  socket: string;
  state: string;
  cgroup: string;
  hostname: string;
}

const flagOf = {
  mount: cloneFlag.CLONE_NEWNS,
  uts: cloneFlag.CLONE_NEWUTS,
  ipc: cloneFlag.CLONE_NEWIPC,
  net: cloneFlag.CLONE_NEWNET,
  pid: cloneFlag.CLONE_NEWPID,
  user: cloneFlag.CLONE_NEWUSER,
} as const;

/** As in unshare(1), `mountProc` implies a mount namespace, `mapRootUser` a user and `hostname` a UTS namespace. */
export function planUnshare(params: UnshareParams, context: UnshareContext): LaunchPlan {
  const kinds = wanted(params);
  const late = !params.fork && kinds.has('pid');
  const flags = Object.entries(flagOf).reduce(
    (all, [kind, flag]) => (kinds.has(kind) && !(late && kind === 'pid') ? all | flag : all),
    0n,
  );
  const env = environment({ env: params.env, hostname: context.hostname, home: '/', tty: params.tty });
  return {
    monitor: {
      ...{ socket: context.socket, stateDir: context.state, logPath: '', logMaxBytes: 0n, logMaxFiles: 0 },
      ...{ tty: params.tty, openStdin: true, stdinOnce: true, holdForAttach: true },
    },
    before: [{ op: 'mkdir', path: context.cgroup, mode: 0o755, why: 'a cgroup to find its processes by' }],
    join: [],
    clone: { flags, cgroup: context.cgroup, why: flags === 0n ? 'no new namespace' : flagNames(flags, cloneFlag) },
    outside: params.mapRootUser ? mapRoot() : [],
    inside: insideOps(params, kinds, late),
    exec: {
      argv: params.argv,
      env,
      searchPath: searchPath(env),
      init: false,
      why: 'the program, among the guest’s files',
    },
  };
}

function wanted(params: UnshareParams): Set<string> {
  const kinds = new Set<string>(params.namespaces);
  if (params.mountProc) kinds.add('mount');
  if (params.mapRootUser) kinds.add('user');
  if (params.hostname !== '') kinds.add('uts');
  return kinds;
}

function mapRoot(): Op[] {
  const why = '--map-root-user: root inside is root of the guest';
  return [
    { op: 'write', path: '/proc/{pid}/uid_map', data: utf8('0 0 1\n'), why },
    { op: 'write', path: '/proc/{pid}/gid_map', data: utf8('0 0 1\n'), why },
  ];
}

function insideOps(params: UnshareParams, kinds: ReadonlySet<string>, late: boolean): Op[] {
  const ops: Op[] = [];
  if (kinds.has('cgroup'))
    ops.push({ op: 'unshare', flags: cloneFlag.CLONE_NEWCGROUP, why: 'its own cgroup looks like the root of all' });
  if (late)
    ops.push({ op: 'unshare', flags: cloneFlag.CLONE_NEWPID, why: 'without --fork only its children are in it' });
  if (kinds.has('mount')) ops.push({ op: 'propagation', flags: mountFlag.MS_PRIVATE, why: 'its mounts stay its own' });
  if (params.mountProc) ops.push(procOp());
  if (params.hostname !== '') ops.push({ op: 'sethostname', name: params.hostname, why: '--hostname' });
  ops.push({ op: 'setsid', why: 'a session of its own' });
  const nobody = kinds.has('user') && !params.mapRootUser;
  if (!nobody)
    ops.push({ op: 'stdio', uid: 0, gid: 0, console: '', rows: 0, columns: 0, why: stdioReason(params.tty) });
  return ops;
}

function procOp(): Op {
  const flags = mountFlag.MS_NOSUID | mountFlag.MS_NODEV | mountFlag.MS_NOEXEC;
  const why = '--mount-proc: processes of the new pid namespace';
  return { op: 'mount', source: 'proc', target: '/proc', type: 'proc', flags, data: '', why };
}
