/**
 * Where the archiver (launcher/archive.h) works: always in a mount namespace in which nothing of the guest is, as the
 * container's root. It is in none of the container's other namespaces, so no process of the container sees it, and in no
 * cgroup of the container, so it works also while that one is paused.
 */
import type { ContainerSpec } from '../protocol/container-spec.ts';
import { mapOps, readOnlyRootOp } from './container-plan.ts';
import type { ContainerContext, IdRange } from './context.ts';
import { cloneFlag, flagNames, mountFlag } from './flags.ts';
import type { LaunchPlan, Op } from './op.ts';
import { becomeRootOps } from './process-plan.ts';
import { planParts, planRoot } from './root-plan.ts';
import { Slots } from './slots.ts';
import { planVolumes } from './volume-plan.ts';

export interface ArchiverAt {
  socket: string;
  state: string;
}

type Place = Pick<LaunchPlan, 'before' | 'join' | 'outside' | 'inside'> & { flags: bigint };

/** A running container: its own mounts, as it sees them. */
export interface RunningContainer {
  /** Its first process, as the guest sees it. */
  pid: number;
  /** It has a user namespace other than the guest's. */
  mapped: boolean;
}

/** What overlayfs or the kernel made in the writable folder for mounts: nothing that the container has changed. */
const mountPoints = ['/dev', '/proc', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/** @param withMounts false: the root alone, without what is mounted in it */
export function planRunningArchiver(
  argv: readonly string[],
  at: ArchiverAt,
  { pid, mapped }: RunningContainer,
  withMounts: boolean,
): LaunchPlan {
  const flags = cloneFlag.CLONE_NEWNS | (mapped ? cloneFlag.CLONE_NEWUSER : 0n);
  const slot = 0;
  const alone: Op[] = [
    { op: 'propagation', flags: mountFlag.MS_PRIVATE, why: 'the container’s own mounts stay as they are' },
    {
      op: 'openTree',
      ...{ slot, source: '/', recursive: 0, idmap: 0, attr: 0n, under: 0 },
      why: 'the root without what is mounted in it',
    },
    { op: 'pivotRoot', slot, scratch: '/dev', why: 'all else is gone' },
  ];
  return archiver(argv, at, {
    before: [],
    join: [{ pid, flags, why: `the container’s own: ${flagNames(flags, cloneFlag)}` }],
    flags: withMounts ? 0n : cloneFlag.CLONE_NEWNS,
    outside: [],
    inside: [...becomeRootOps(mapped), ...(withMounts ? [] : alone)],
  });
}

export interface StoppedOptions {
  ids: IdRange | undefined;
  withMounts: boolean;
  /** It has never run: the files that it gets in /etc are not there yet. */
  fresh: boolean;
}

/** A container that does not run: its root, put together for the while, with its volumes; what was in a tmpfs is gone. */
export function planStoppedArchiver(
  argv: readonly string[],
  at: ArchiverAt,
  { spec, context }: { spec: ContainerSpec; context: ContainerContext },
  { ids, withMounts, fresh }: StoppedOptions,
): LaunchPlan {
  const slots = new Slots();
  const idmap = ids !== undefined;
  const nodev = !spec.security.privileged;
  const root = planRoot(context, { owner: ids && { uid: ids.start, gid: ids.start }, nodev }, slots);
  const kept = withMounts ? spec.mounts.map((mount, index) => ({ mount, source: context.mountSources[index] })) : [];
  const lasting = kept.filter(({ mount }) => mount.type !== 'tmpfs');
  const volumes = planVolumes(
    { ...spec, mounts: lasting.map(({ mount }) => mount) },
    { ...context, mountSources: lasting.map(({ source }) => source) },
    { idmap, nodev, etcFiles: withMounts },
    slots,
  );
  const user = idmap ? ('new' as const) : ('guest' as const);
  return archiver(argv, at, {
    before: [...root.before, ...(fresh ? volumes.before : [])],
    join: [],
    flags: cloneFlag.CLONE_NEWNS | (idmap ? cloneFlag.CLONE_NEWUSER : 0n),
    outside: [...mapOps({ effective: { user } }, ids), ...root.outside, ...volumes.outside],
    inside: [
      { op: 'pivotRoot', slot: root.slot, scratch: context.paths.scratch, why: 'the container’s root becomes /' },
      ...becomeRootOps(idmap),
      ...volumes.inside,
      ...(spec.readOnlyRoot && withMounts ? [readOnlyRootOp()] : []),
    ],
  });
}

/** What the container has changed, as it is on the disk: ids and overlayfs's marks need the guest's root. */
export function planChangesArchiver(verb: 'compare' | 'layer', at: ArchiverAt, context: ContainerContext): LaunchPlan {
  const parts = planParts(context, new Slots());
  const folders = verb === 'compare' ? [parts.upper, parts.lower] : [parts.upper];
  return archiver([verb, ...folders, ...mountPoints], at, {
    before: parts.before,
    join: [],
    flags: cloneFlag.CLONE_NEWNS,
    outside: parts.outside,
    inside: [
      {
        op: 'pivotRoot',
        ...{ slot: parts.slot, scratch: context.paths.scratch },
        why: 'links in what the container has written lead nowhere',
      },
    ],
  });
}

function archiver(argv: readonly string[], { socket, state }: ArchiverAt, place: Place): LaunchPlan {
  const { flags } = place;
  return {
    monitor: {
      ...{ socket, stateDir: state, logPath: '', logMaxBytes: 0n, logMaxFiles: 0 },
      ...{ tty: false, openStdin: true, stdinOnce: true, holdForAttach: true },
    },
    before: [{ op: 'ownProgram', why: 'the launcher itself is the archiver' }, ...place.before],
    join: place.join,
    clone: { flags, cgroup: '', why: flags === 0n ? 'no further namespace' : flagNames(flags, cloneFlag) },
    outside: place.outside,
    inside: place.inside,
    exec: { argv: ['berth-archive', ...argv], env: [], searchPath: [], init: false, why: 'the archiver' },
  };
}
