/**
 * The container's root: image layers id-mapped into the container's user namespace, a writable folder id-mapped
 * likewise, and an overlay of them. The monitor mounts all that in its own mount namespace, on a tmpfs at the scratch
 * folder, and hands the overlay over as a descriptor. Files so keep the owners of the image on the disk.
 */
import { EngineError } from '../protocol/errors.ts';
import type { ContainerContext } from './context.ts';
import { cloneFlag, mountAttr, mountFlag } from './flags.ts';
import type { Op } from './op.ts';
import type { Slots } from './slots.ts';

export interface RootOptions {
  /** The guest's ids of the container's root, into whose user namespace all is mapped; absent in the guest's. */
  owner: { uid: number; gid: number } | undefined;
  /** Device files on the root cannot be opened. */
  nodev: boolean;
}

export interface RootPlan {
  before: Op[];
  outside: Op[];
  slot: number;
}

/** The writable folder's place among the parts. */
const workName = 'w';
const rootName = 'root';

/** Kernel's OVL_MAX_STACK. */
const maxLayers = 500;

export function planRoot(context: ContainerContext, options: RootOptions, slots: Slots): RootPlan {
  const slot = slots.take();
  return {
    before: prepare(context),
    outside: [...layers(context, options, slots), ...overlay(context, options, slot)],
    slot,
  };
}

/** Where, below the scratch folder, the parts of a root are found that is not put together. */
export interface PartsPlan {
  before: Op[];
  outside: Op[];
  /** The scratch folder with all that is mounted in it. */
  slot: number;
  upper: string;
  lower: string;
}

/** The writable folder and, as one tree, the layers below it, with the ids that are on the disk. */
export function planParts(context: ContainerContext, slots: Slots): PartsPlan {
  const slot = slots.take();
  const { scratch } = context.paths;
  const single = context.layerMounts.length === 1;
  const lower: Op[] = [
    { op: 'mkdir', path: `${scratch}/${rootName}`, mode: 0o755, why: 'mount point' },
    {
      op: 'mount',
      ...{ source: 'overlay', target: `${scratch}/${rootName}`, type: 'overlay', flags: mountFlag.MS_RDONLY },
      data: `lowerdir=${lowerDirs(context)}`,
      why: 'the image’s layers as one tree',
    },
  ];
  const why = 'the writable folder and the image, side by side';
  return {
    before: prepare(context),
    outside: [
      ...layers(context, { owner: undefined, nodev: true }, slots),
      ...(single ? [] : lower),
      {
        op: 'openTree',
        slot,
        source: scratch,
        recursive: 1,
        idmap: 0,
        attr: mountAttr.MOUNT_ATTR_NODEV,
        under: 0,
        why,
      },
    ],
    slot,
    upper: `/${workName}/upper`,
    lower: single ? '/0' : `/${rootName}`,
  };
}

function lowerDirs({ layerMounts }: ContainerContext): string {
  return layerMounts
    .map((_, index) => index)
    .reverse()
    .join(':');
}

function prepare({ paths }: ContainerContext): Op[] {
  const folder = (path: string, why: string): Op => ({ op: 'mkdir', path, mode: 0o755, why });
  return [
    { op: 'umask', mask: 0, why: 'modes below are meant as they are' },
    { op: 'unshare', flags: cloneFlag.CLONE_NEWNS, why: 'the monitor’s mounts are nobody else’s and go away with it' },
    { op: 'propagation', flags: mountFlag.MS_PRIVATE, why: 'nothing that is mounted from here on reaches the guest' },
    folder(`${paths.container}/rw`, 'the container’s writable layer'),
    folder(`${paths.container}/rw/upper`, 'what the container changes'),
    folder(`${paths.container}/rw/work`, 'overlayfs prepares changes here'),
  ];
}

/** Binds have short names, so that dozens of layers fit into the page of mount(2)'s data. */
function layers({ layerMounts, paths }: ContainerContext, { owner }: RootOptions, slots: Slots): Op[] {
  const { scratch } = paths;
  const idmap = owner !== undefined;
  const mapped = idmap ? ', ids mapped into the container' : '';
  const sources = [
    ...layerMounts.map((source, index) => ({ source, name: String(index), why: `image layer ${index + 1}${mapped}` })),
    { source: `${paths.container}/rw`, name: workName, why: `writable layer${mapped}` },
  ];
  const passing = slots.take();
  return [
    {
      op: 'mount',
      source: 'berth',
      target: scratch,
      type: 'tmpfs',
      flags: mountFlag.MS_NOSUID | mountFlag.MS_NOEXEC,
      data: 'mode=0755',
      why: 'mount points for what the root is made of',
    },
    { op: 'chdir', path: scratch, why: 'overlay options name layers by short relative paths' },
    ...sources.flatMap(({ source, name, why }): Op[] => [
      { op: 'mkdir', path: `${scratch}/${name}`, mode: 0o755, why: 'mount point' },
      { op: 'openTree', slot: passing, source, recursive: 0, idmap: idmap ? 1 : 0, attr: 0n, under: 0, why },
      { op: 'moveMount', slot: passing, target: `${scratch}/${name}`, why },
    ]),
  ];
}

function overlay(context: ContainerContext, { owner, nodev }: RootOptions, slot: number): Op[] {
  const { layerMounts, paths, facts } = context;
  const data = `lowerdir=${lowerDirs(context)},upperdir=${workName}/upper,workdir=${workName}/work`;
  if (layerMounts.length === 0) throw new EngineError('invalid-argument', 'the image has no layers');
  if (layerMounts.length > maxLayers || data.length >= facts.pageSize)
    throw new EngineError('unsupported', `the image has ${layerMounts.length} layers, more than overlayfs takes`, {
      hint: 'Build the image with fewer layers.',
    });
  const root = `${paths.scratch}/${rootName}`;
  return [
    { op: 'mkdir', path: root, mode: 0o755, why: 'mount point' },
    ...asOwner(owner, {
      op: 'mount',
      source: 'overlay',
      target: root,
      type: 'overlay',
      flags: 0n,
      data,
      why: 'one tree of the image’s layers and the writable one, the image unchanged',
    }),
    {
      op: 'openTree',
      slot,
      source: root,
      recursive: 0,
      idmap: 0,
      attr: nodev ? mountAttr.MOUNT_ATTR_NODEV : 0n,
      under: 0,
      why: nodev ? 'the root, without device files: devices are those in /dev' : 'the root',
    },
  ];
}

/** Overlayfs makes its work folder as who mounts it, and through the id-mapped mount only the container's ids can. */
function asOwner(owner: RootOptions['owner'], mount: Op): Op[] {
  if (!owner) return [mount];
  return [
    { op: 'fsids', ...owner, why: 'the overlay’s own folders belong to the container’s root' },
    mount,
    { op: 'fsids', uid: 0, gid: 0, why: 'the guest’s root again' },
  ];
}
