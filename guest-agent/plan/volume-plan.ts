/** What the user mounts: volumes, host shares and tmpfs, in the order of their depth; and the three files in /etc. */
import { EngineError } from '../protocol/errors.ts';
import type { ContainerSpec, Mount } from '../protocol/container-spec.ts';
import type { ContainerContext } from './context.ts';
import { cleanPath, depth, isBeneath } from './container-path.ts';
import { createMountPoint, mountAttr, mountFlag } from './flags.ts';
import type { Op } from './op.ts';
import type { Slots } from './slots.ts';
import { utf8 } from './utf8.ts';

export interface VolumePlan {
  before: Op[];
  outside: Op[];
  inside: Op[];
}

export interface VolumeOptions {
  /** The container has a user namespace to map ids into. */
  idmap: boolean;
  nodev: boolean;
  /** With the container's own files in /etc. */
  etcFiles: boolean;
}

/** Files that programs such as lxcfs may stand in for; the rest of /proc is the kernel's alone. */
const replaceable = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'slabinfo', 'stat', 'swaps', 'uptime'];

function targetOf({ target }: Mount): string {
  const path = cleanPath(target, 'mount target');
  const forbidden = path === '/' || (isBeneath(path, '/proc') && !replaceable.some((name) => path === `/proc/${name}`));
  if (forbidden)
    throw new EngineError('invalid-argument', `mount target: ${path} cannot be mounted over`, {
      hint: 'Choose another folder of the container, such as /data.',
    });
  return path;
}

export function planVolumes(
  spec: ContainerSpec,
  context: ContainerContext,
  options: VolumeOptions,
  slots: Slots,
): VolumePlan {
  const wanted = spec.mounts.map((mount, index) => ({ mount, target: targetOf(mount), index }));
  for (const [index, { target }] of wanted.entries())
    if (wanted.findIndex((other) => other.target === target) !== index)
      throw new EngineError('invalid-argument', `duplicate mount point: ${target}`, {
        hint: 'Mount one thing at each place.',
      });
  const plan: VolumePlan = { before: [], outside: [], inside: [] };
  const files = (options.etcFiles ? etcFiles(context) : []).filter(
    ({ target }) => !wanted.some((other) => other.target === target),
  );
  for (const { name, target, text } of files) {
    const path = `${context.paths.container}/${name}`;
    plan.before.push({ op: 'createFile', path, mode: 0o644, data: utf8(text), why: `text of ${target}` });
  }
  const byDepth = wanted.toSorted((a, b) => depth(a.target) - depth(b.target));
  for (const { mount, target, index } of byDepth) {
    if (mount.type === 'tmpfs') plan.inside.push(...tmpfsOps(mount, target));
    else {
      const source = context.mountSources[index];
      const first = context.volumesOfServers?.[source ?? ''];
      bindVolume(plan, { mount, target, source, first, slot: slots.take() }, options);
    }
  }
  for (const { name, target } of files) bindFile(plan, spec, { context, name, target, slot: slots.take() }, options);
  return plan;
}

interface Bind {
  mount: Exclude<Mount, { type: 'tmpfs' }>;
  target: string;
  source: string | undefined;
  /** Mounts the source. */
  first: Op | undefined;
  slot: number;
}

function bindVolume(plan: VolumePlan, { mount, target, source, first, slot }: Bind, options: VolumeOptions): void {
  if (source === undefined) throw new EngineError('internal', `the mount at ${target} has no source`);
  const what = mount.type === 'volume' ? `volume ${mount.name}` : hostThing(mount);
  const idmap = options.idmap && first === undefined;
  // The kernel mounts the same thing on one place once.
  if (first !== undefined && !plan.outside.includes(first)) plan.outside.push(first);
  plan.outside.push({
    op: 'openTree',
    slot,
    source,
    recursive: 0,
    idmap: idmap ? 1 : 0,
    attr: (options.nodev ? mountAttr.MOUNT_ATTR_NODEV : 0n) | (mount.readOnly ? mountAttr.MOUNT_ATTR_RDONLY : 0n),
    under: source.includes('/./') ? 1 : 0,
    why: `${what}${idmap ? ', ids mapped into the container' : ''}`,
  });
  plan.inside.push({ op: 'placeMount', slot, target, create: createMountPoint.sameAsSource, why: what });
}

function hostThing({ type, hostPath }: Exclude<Mount, { type: 'tmpfs' | 'volume' }>): string {
  return type === 'share' ? `host folder ${hostPath}` : 'socket of the engine’s Docker API';
}

function tmpfsOps(mount: Extract<Mount, { type: 'tmpfs' }>, target: string): Op[] {
  const mode = (mount.mode ?? 0o1777).toString(8);
  const flagWords: Readonly<Record<string, bigint>> = {
    noexec: mountFlag.MS_NOEXEC,
    nosuid: mountFlag.MS_NOSUID,
    nodev: mountFlag.MS_NODEV,
    ro: mountFlag.MS_RDONLY,
    noatime: mountFlag.MS_NOATIME,
  };
  const opposites: Readonly<Record<string, bigint>> = { exec: mountFlag.MS_NOEXEC, suid: mountFlag.MS_NOSUID };
  let flags: bigint = mountFlag.MS_NOSUID | mountFlag.MS_NODEV | mountFlag.MS_NOEXEC;
  const data = [`mode=${mode}`, ...(mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`])];
  for (const option of mount.options) {
    const clear = opposites[option];
    if (clear !== undefined) flags &= ~clear;
    else if (option in flagWords) flags |= flagWords[option] ?? 0n;
    else if (/^(size|mode|uid|gid|nr_inodes|nr_blocks|huge|mpol)=[^,]+$/.test(option)) data.push(option);
    else if (!['rw', 'dev', 'defaults'].includes(option))
      throw new EngineError('invalid-argument', `--tmpfs ${target}: unknown option "${option}"`, {
        hint: 'Options are size=, mode=, uid=, gid=, nr_inodes=, exec, noexec, suid, ro and the like.',
      });
  }
  if (mount.readOnly) flags |= mountFlag.MS_RDONLY;
  const why = `--tmpfs ${target}`;
  return [
    { op: 'makeDirs', path: target, mode: 0o755, why: 'mount point' },
    { op: 'mount', source: 'tmpfs', target, type: 'tmpfs', flags, data: data.join(','), why },
  ];
}

function etcFiles({ files }: ContainerContext): { name: string; target: string; text: string }[] {
  return [
    { name: 'hosts', target: '/etc/hosts', text: files.hosts },
    { name: 'hostname', target: '/etc/hostname', text: files.hostname },
    { name: 'resolv.conf', target: '/etc/resolv.conf', text: files.resolvConf },
  ];
}

interface FileBind {
  context: ContainerContext;
  name: string;
  target: string;
  slot: number;
}

function bindFile(plan: VolumePlan, spec: ContainerSpec, bind: FileBind, options: VolumeOptions): void {
  const { context, name, target, slot } = bind;
  plan.outside.push({
    op: 'openTree',
    slot,
    source: `${context.paths.container}/${name}`,
    recursive: 0,
    idmap: options.idmap ? 1 : 0,
    attr: mountAttr.MOUNT_ATTR_NODEV | (spec.readOnlyRoot ? mountAttr.MOUNT_ATTR_RDONLY : 0n),
    under: 0,
    why: `${target} of its own`,
  });
  plan.inside.push({ op: 'placeMount', slot, target, create: createMountPoint.file, why: `${target} of its own` });
}
