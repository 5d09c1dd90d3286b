/** Volumes that are folders of the host by their options (`type=none`, `o=bind`, `device=/path`), found on shares. */
import { volumeMethods } from '../../guest-agent/protocol/index.ts';
import type { Mount } from '../../guest-agent/protocol/index.ts';
import type { Guest } from '../guest/guest.ts';
import { sourceOf, type BindContext } from './bind-sources.ts';

/** @throws EngineError as `guestMounts`: a folder that is missing is not made, as in Docker */
export async function withVolumeSources(
  mounts: readonly Mount[],
  guest: Guest,
  context: BindContext,
): Promise<Mount[]> {
  if (!mounts.some((mount) => mount.type === 'volume' && mount.name !== '')) return [...mounts];
  const volumes = await guest.call(volumeMethods.list, {}, { repeat: true });
  return Promise.all(
    mounts.map(async (mount) => {
      if (mount.type !== 'volume') return mount;
      const { o = '', device = '' } = volumes.find(({ name }) => name === mount.name)?.options ?? {};
      const words = o.split(',');
      if (!words.includes('bind') && !words.includes('rbind')) return mount;
      const readOnly = mount.readOnly || words.includes('ro');
      const from = await sourceOf(device, { createSource: false, readOnly }, context);
      return { ...mount, readOnly, from };
    }),
  );
}
