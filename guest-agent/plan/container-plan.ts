/**
 * The heart of the product: a container's specification, and what the guest has allotted to it, become an ordered list of
 * kernel operations. Nothing here touches the system.
 */
import type { ContainerSpec } from '../protocol/container-spec.ts';
import { planCgroup } from './cgroup-plan.ts';
import type { ContainerContext, IdRange } from './context.ts';
import { devOps } from './dev-plan.ts';
import { environment, searchPath } from './environment.ts';
import { cloneFlag, flagNames, mountAttr } from './flags.ts';
import { formatIdMap } from './id-map.ts';
import { planKernelMounts, type KernelMounts } from './kernel-mounts.ts';
import { planNamespaces, type EffectiveNamespaces, type NamespacePlan } from './namespaces-plan.ts';
import { endpointOps, loopbackOp, vethOps } from './network-plan.ts';
import type { LaunchPlan, MonitorOptions, Op } from './op.ts';
import { becomeRootOps, keyringOp, planProcess } from './process-plan.ts';
import { protectionOps } from './protection-plan.ts';
import { planRoot } from './root-plan.ts';
import { Slots } from './slots.ts';
import { sysctlOps } from './sysctl.ts';
import { utf8 } from './utf8.ts';
import { planVolumes, type VolumePlan } from './volume-plan.ts';

/**
 * Plans a container's start. Fails with `invalid-argument`, `limit-too-low` or `unsupported` for what can be known
 * to be wrong beforehand; warnings tell what is not as asked.
 */
export function planContainer(
  spec: ContainerSpec,
  context: ContainerContext,
): { plan: LaunchPlan; warnings: string[] } {
  const namespaces = planNamespaces(spec, context);
  const ids = namespaces.idRange;
  const idmap = ids !== undefined;
  const nodev = !spec.security.privileged;
  const slots = new Slots();
  const root = planRoot(context, { owner: ids && { uid: ids.start, gid: ids.start }, nodev }, slots);
  const dev = devOps({
    scratch: context.paths.scratch,
    devices: context.devices,
    tty: spec.tty,
    idmap,
    slot: slots.take(),
  });
  const kernel = planKernelMounts(spec, context, namespaces.effective, slots);
  const volumes = planVolumes(spec, context, { idmap, nodev, etcFiles: true }, slots);
  const cgroup = planCgroup(spec, context);
  const { user, facts } = context;
  const { security, workdir, rlimits, oomScoreAdj, tty, consoleSize } = spec;
  const process = planProcess({
    ...{ user, workdir, makeWorkdir: true, security, rlimits, oomScoreAdj, tty, ids, facts },
    ...{ console: tty ? '/dev/console' : '', consoleSize },
  });
  const plan: LaunchPlan = {
    monitor: monitorOptions(spec, context),
    before: [...cgroup.ops, ...root.before, ...volumes.before, ...process.before],
    join: namespaces.join,
    clone: {
      flags: namespaces.cloneFlags,
      cgroup: context.cgroup,
      why: `the first process, in namespaces of its own: ${flagNames(namespaces.cloneFlags, cloneFlag)}`,
    },
    outside: [
      ...mapOps(namespaces, ids),
      ...root.outside,
      ...dev.outside,
      ...kernel.outside,
      ...volumes.outside,
      ...(namespaces.effective.network === 'new' ? context.endpoints.flatMap((endpoint) => vethOps(endpoint)) : []),
      ...process.outside,
    ],
    inside: [
      ...enterRoot({ namespaces, kernel, context, rootSlot: root.slot, idmap }),
      ...dev.inside,
      ...fileSystems(kernel, volumes),
      ...systemOps(spec, context, namespaces),
      ...protectionOps(spec),
      ...process.inside,
    ],
    exec: execOf(spec, context),
  };
  return { plan, warnings: [...namespaces.effective.warnings, ...cgroup.warnings, ...process.warnings] };
}

/** A joined user namespace has its maps already. */
export function mapOps(
  { effective }: { effective: Pick<EffectiveNamespaces, 'user'> },
  ids: IdRange | undefined,
): Op[] {
  if (effective.user !== 'new' || !ids) return [];
  const data = utf8(formatIdMap(ids));
  const why = (ids: string) => `the container's ${ids} are unprivileged ones of the guest`;
  return [
    { op: 'write', path: '/proc/{pid}/uid_map', data, why: why('users') },
    { op: 'write', path: '/proc/{pid}/gid_map', data, why: why('groups') },
  ];
}

interface EnterInput {
  namespaces: NamespacePlan;
  kernel: KernelMounts;
  context: ContainerContext;
  rootSlot: number;
  idmap: boolean;
}

function enterRoot({ namespaces, kernel, context, rootSlot, idmap }: EnterInput): Op[] {
  const cgroup: Op[] =
    namespaces.effective.cgroup === 'new'
      ? [{ op: 'unshare', flags: cloneFlag.CLONE_NEWCGROUP, why: 'its own cgroup looks like the root of all' }]
      : [];
  return [
    ...cgroup,
    ...kernel.early,
    {
      op: 'pivotRoot',
      slot: rootSlot,
      scratch: context.paths.scratch,
      why: 'the container’s root becomes /, the guest’s is gone: no path leads back',
    },
    ...becomeRootOps(idmap),
  ];
}

function fileSystems(kernel: KernelMounts, volumes: VolumePlan): Op[] {
  return [...kernel.late, ...volumes.inside];
}

const lastGuestGroup = 2 ** 31 - 1;

function systemOps(spec: ContainerSpec, context: ContainerContext, { effective, idRange }: NamespacePlan): Op[] {
  const ownNetwork = effective.network === 'new';
  const lastGroup = idRange ? idRange.count - 1 : lastGuestGroup;
  const names: Op[] =
    effective.uts === 'new'
      ? [
          { op: 'sethostname', name: spec.hostname || context.id.slice(0, 12), why: '--hostname' },
          ...(spec.domainname ? [{ op: 'setdomainname', name: spec.domainname, why: '--domainname' } as const] : []),
        ]
      : [];
  return [
    ...names,
    ...(ownNetwork ? [loopbackOp()] : []),
    ...(ownNetwork ? context.endpoints.flatMap(endpointOps) : []),
    ...sysctlOps(spec.sysctls, { network: ownNetwork, ipc: effective.ipc === 'new' }, lastGroup),
    ...(spec.readOnlyRoot ? [readOnlyRootOp()] : []),
    keyringOp(context.id),
  ];
}

export function readOnlyRootOp(): Op {
  const set = mountAttr.MOUNT_ATTR_RDONLY;
  return { op: 'setMountAttr', target: '/', recursive: 0, set, clear: 0n, why: '--read-only' };
}

function monitorOptions(spec: ContainerSpec, { paths, holdForAttach }: ContainerContext): MonitorOptions {
  return {
    socket: paths.socket,
    stateDir: paths.state,
    logPath: spec.log.driver === 'none' ? '' : paths.log,
    logMaxBytes: BigInt(spec.log.maxBytes),
    logMaxFiles: spec.log.maxFiles,
    tty: spec.tty,
    openStdin: spec.openStdin,
    stdinOnce: spec.stdinOnce,
    holdForAttach,
  };
}

function execOf(spec: ContainerSpec, context: ContainerContext): LaunchPlan['exec'] {
  const hostname = spec.hostname || context.id.slice(0, 12);
  const env = environment({ env: spec.env, hostname, home: context.user.home, tty: spec.tty });
  const why = spec.init ? 'the program, under a pid 1 that forwards signals and reaps' : 'the program, as pid 1';
  return { argv: spec.argv, env, searchPath: searchPath(env), init: spec.init, why };
}
