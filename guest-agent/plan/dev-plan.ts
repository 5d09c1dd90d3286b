/**
 * /dev: a tmpfs filled by the monitor, since a user namespace may not make device files, id-mapped so that the
 * container's root owns it. All else that the container can write to is mounted nodev, and the rules of its
 * cgroup (device-rules.ts) hold wherever a node is.
 */
import { EngineError } from '../protocol/errors.ts';
import type { DeviceNode } from './context.ts';
import { cleanPath, isBeneath, parents } from './container-path.ts';
import { createMountPoint, mountFlag } from './flags.ts';
import type { Op } from './op.ts';

export interface DevOptions {
  scratch: string;
  devices: readonly DeviceNode[];
  tty: boolean;
  idmap: boolean;
  slot: number;
}

type MadeNode = Omit<DeviceNode, 'access'>;

/** Linux's fixed numbers: Documentation/admin-guide/devices.txt. */
const standardNodes: readonly MadeNode[] = [
  { path: '/dev/null', kind: 'char', major: 1, minor: 3, mode: 0o666, gid: 0 },
  { path: '/dev/zero', kind: 'char', major: 1, minor: 5, mode: 0o666, gid: 0 },
  { path: '/dev/full', kind: 'char', major: 1, minor: 7, mode: 0o666, gid: 0 },
  { path: '/dev/random', kind: 'char', major: 1, minor: 8, mode: 0o666, gid: 0 },
  { path: '/dev/urandom', kind: 'char', major: 1, minor: 9, mode: 0o666, gid: 0 },
  { path: '/dev/tty', kind: 'char', major: 5, minor: 0, mode: 0o666, gid: 5 },
];

const links = [
  ['/proc/self/fd', 'fd'],
  ['/proc/self/fd/0', 'stdin'],
  ['/proc/self/fd/1', 'stdout'],
  ['/proc/self/fd/2', 'stderr'],
  ['/proc/kcore', 'core'],
  ['pts/ptmx', 'ptmx'],
] as const;

const folders = ['pts', 'shm', 'mqueue'];
const nodeType = { char: 0o020000, block: 0o060000 } as const;

export function devOps({ scratch, devices, tty, idmap, slot }: DevOptions): { outside: Op[]; inside: Op[] } {
  const dev = `${scratch}/dev`;
  const nodes = allNodes(devices);
  const owned = idmap ? ', owned by the container’s root' : '';
  const outside: Op[] = [
    { op: 'mkdir', path: dev, mode: 0o755, why: 'mount point' },
    {
      op: 'mount',
      source: 'tmpfs',
      target: dev,
      type: 'tmpfs',
      flags: mountFlag.MS_NOSUID | mountFlag.MS_STRICTATIME,
      data: 'mode=0755,size=65536k',
      why: '/dev of its own',
    },
    ...folderOps(dev, nodes),
    ...nodes.flatMap((node) => nodeOps(dev, node)),
    ...links.map(([target, name]): Op => ({ op: 'symlink', target, path: `${dev}/${name}`, why: 'a usual name' })),
    ...(tty ? [consoleOp(dev)] : []),
    { op: 'openTree', slot, source: dev, recursive: 0, idmap: idmap ? 1 : 0, attr: 0n, under: 0, why: `/dev${owned}` },
  ];
  const inside: Op[] = [
    { op: 'placeMount', slot, target: '/dev', create: createMountPoint.directory, why: 'devices' },
    {
      op: 'mount',
      source: 'devpts',
      target: '/dev/pts',
      type: 'devpts',
      flags: mountFlag.MS_NOSUID | mountFlag.MS_NOEXEC,
      data: 'newinstance,ptmxmode=0666,mode=0620,gid=5',
      why: 'terminals of its own',
    },
  ];
  return { outside, inside };
}

function allNodes(devices: readonly DeviceNode[]): MadeNode[] {
  const nodes = new Map(standardNodes.map((node) => [node.path, node]));
  for (const device of devices) {
    const path = cleanPath(device.path, '--device');
    if (!isBeneath(path, '/dev') || path === '/dev' || isBeneath(path, '/dev/pts') || reserved(path))
      throw new EngineError('invalid-argument', `--device: ${device.path} is not a free path beneath /dev`, {
        hint: 'Give a path in the container such as /dev/fuse.',
      });
    nodes.set(path, { ...device, path });
  }
  return [...nodes.values()];
}

/** Whether a path is one that every container's own /dev has, so that no device of the guest can have it. */
export function reserved(path: string): boolean {
  return [...links.map(([, name]) => name), ...folders, 'console'].some((name) => path === `/dev/${name}`);
}

function folderOps(dev: string, nodes: readonly MadeNode[]): Op[] {
  const above = nodes.flatMap(({ path }) => parents(path, '/dev')).map((path) => path.slice('/dev/'.length));
  return [...new Set([...folders, ...above])].map((name) => ({
    op: 'mkdir',
    path: `${dev}/${name}`,
    mode: 0o755,
    why: 'a folder of /dev',
  }));
}

function nodeOps(dev: string, node: MadeNode): Op[] {
  const path = `${dev}${node.path.slice('/dev'.length)}`;
  const { major, minor, gid } = node;
  const make: Op = { op: 'mknod', path, mode: nodeType[node.kind] | node.mode, major, minor, why: node.path };
  return gid === 0 ? [make] : [make, { op: 'chown', path, uid: 0, gid, why: `group of ${node.path}` }];
}

function consoleOp(dev: string): Op {
  return {
    op: 'createFile',
    path: `${dev}/console`,
    mode: 0o620,
    data: new Uint8Array(0),
    why: 'place for the terminal',
  };
}
