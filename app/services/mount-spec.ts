/** Mount targets and the volumes that an image declares. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { RunMount } from '../contract/run-config.ts';

const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/**
 * The user's mounts with their targets normalised, and an anonymous volume for each volume of the image that has none.
 * @throws EngineError `invalid-argument` for a target that is relative, leaves the root by `..`, is the root itself or is
 * named twice, and for a volume name that is a path.
 */
export function mountsOf(mounts: readonly RunMount[], imageVolumes: readonly string[]): RunMount[] {
  const wanted = mounts.map((mount) => ({ ...mount, target: mountTarget(mount.target) }));
  const targets = new Set<string>();
  for (const mount of wanted) {
    if (mount.type === 'volume') checkVolumeName(mount.name);
    if (targets.has(mount.target))
      throw new EngineError('invalid-argument', `Two mounts have the target ${mount.target}.`, {
        hint: 'Leave one of them out.',
      });
    targets.add(mount.target);
  }
  const declared = imageVolumes.map(mountTarget).filter((target) => !targets.has(target));
  const anonymous = (target: string) => ({ type: 'volume', name: '', target, readOnly: false, copyUp: true }) as const;
  return [...wanted, ...[...new Set(declared)].map(anonymous)];
}

/** @throws EngineError `invalid-argument` */
export function mountTarget(target: string): string {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  if (!target.startsWith('/')) throw badTarget(target, 'it is not absolute');
  if (parts.includes('..')) throw badTarget(target, 'it has ".." in it');
  if (parts.length === 0) throw badTarget(target, 'it is the root itself');
  if (target.includes('\0')) throw badTarget(target, 'it has a zero byte in it');
  return `/${parts.join('/')}`;
}

function checkVolumeName(name: string): void {
  if (name === '' || volumeName.test(name)) return;
  throw new EngineError('invalid-argument', `${JSON.stringify(name)} cannot name a volume.`, {
    hint: 'Use letters, digits, "_", "." and "-"; for a folder of the host give its absolute path.',
  });
}

function badTarget(target: string, why: string): EngineError {
  return new EngineError('invalid-argument', `Nothing can be mounted at ${JSON.stringify(target)}: ${why}.`, {
    hint: 'Give an absolute path in the container, such as /data.',
  });
}
