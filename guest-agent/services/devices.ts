/** Device files of the guest, looked up for containers that ask for them. */
import { lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import { EngineError } from '../protocol/errors.ts';
import type { DeviceNode } from '../plan/context.ts';
import { reserved } from '../plan/dev-plan.ts';

/** Folders of /dev that each container has of its own. */
const ownFolders = new Set(['pts', 'shm', 'mqueue', 'fd', 'hugepages']);

/** Numbers of a device as in major(3) and minor(3) of the C library. */
export function deviceNumber(rdev: number): { major: number; minor: number } {
  const wide = BigInt(rdev);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn);
  const minor = (wide & 0xffn) | ((wide >> 12n) & ~0xffn & 0xffff_ffffn);
  return { major: Number(major), minor: Number(minor) };
}

/** With `privileged` all that the guest has; else those asked for. @throws EngineError `no-such-path`, `invalid-argument` */
export function deviceNodes(spec: ContainerSpec): DeviceNode[] {
  const asked = spec.devices.flatMap(({ pathInGuest, pathInContainer, permissions }) => {
    if (!look(pathInGuest).isDirectory()) return [node(pathInGuest, pathInContainer, permissions)];
    const inContainer = (path: string): string => pathInContainer + path.slice(pathInGuest.length);
    return nodesBeneath(pathInGuest).map((path) => node(path, inContainer(path), permissions));
  });
  if (!spec.security.privileged) return asked;
  const taken = (path: string): boolean => reserved(path) || asked.some((device) => device.path === path);
  const all = nodesBeneath('/dev').filter((path) => !taken(path));
  return [...all.map((path) => node(path, path, 'rwm')), ...asked];
}

/** Numbers of the block devices that throttles name. */
export function throttleDevices(
  spec: Pick<ContainerSpec, 'resources'>,
): Record<string, { major: number; minor: number }> {
  const { deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops } = spec.resources;
  const throttles = [deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops].flatMap((list) => list ?? []);
  return Object.fromEntries(throttles.map(({ device }) => [device, deviceNumber(look(device).rdev)]));
}

function node(pathInGuest: string, pathInContainer: string, access: string): DeviceNode {
  const stats = look(pathInGuest);
  if (!stats.isCharacterDevice() && !stats.isBlockDevice())
    throw new EngineError('invalid-argument', `${pathInGuest} is not a device.`, {
      hint: 'Name a file of the guest’s /dev.',
    });
  const kind = stats.isCharacterDevice() ? 'char' : 'block';
  const { mode, gid } = stats;
  return { path: pathInContainer, kind, ...deviceNumber(stats.rdev), mode: mode & 0o777, gid, access };
}

function look(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats;
  throw new EngineError('no-such-path', `The guest has no device ${path}.`, {
    hint: 'List what there is with: berth ssh -- ls /dev',
  });
}

function nodesBeneath(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return folder === '/dev' && ownFolders.has(name) ? [] : nodesBeneath(path);
    return stats?.isCharacterDevice() === true || stats?.isBlockDevice() === true ? [path] : [];
  });
}
