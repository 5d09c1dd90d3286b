/** `--volumes-from`: the volumes and folders of other containers. Pure. */
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { RunMount } from './run-config.ts';

/**
 * Where the new container mounts something itself, theirs is left out.
 * @param words `CONTAINER`, `CONTAINER:ro`
 * @throws EngineError `invalid-argument`; what `inspect` throws
 */
export async function inheritedMounts(
  words: readonly string[],
  own: readonly RunMount[],
  inspect: (container: string) => Promise<ContainerInfo>,
): Promise<RunMount[]> {
  const found: RunMount[] = [];
  for (const word of words) {
    const [name = '', mode = 'rw', ...more] = word.split(':');
    if (name === '' || more.length > 0 || !['rw', 'ro', 'z', 'Z'].includes(mode))
      throw new EngineError('invalid-argument', `invalid volumes-from specification: ${JSON.stringify(word)}`, {
        hint: 'Write CONTAINER, CONTAINER:ro or CONTAINER:rw.',
      });
    found.push(...mountsOf(await inspect(name), mode === 'ro'));
  }
  const last = new Map(found.map((mount) => [mount.target, mount]));
  return [...last.values()].filter(({ target }) => !own.some((mount) => mount.target === target));
}

function mountsOf({ spec, volumes = {} }: ContainerInfo, readOnly: boolean): RunMount[] {
  return spec.mounts.flatMap((mount): RunMount[] => {
    const how = { target: mount.target, readOnly: mount.readOnly || readOnly, askedAs: 'volumes-from' } as const;
    if (mount.type === 'tmpfs') return [];
    if (mount.type !== 'volume') return [{ type: 'bind', source: mount.hostPath, ...how }];
    const { copyUp, subpath } = mount;
    const name = volumes[mount.target] ?? mount.name;
    return [{ type: 'volume', name, ...how, copyUp, ...(subpath !== undefined && { subpath }) }];
  });
}
