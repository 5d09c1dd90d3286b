import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '../base/atomic-file.ts';
import { newcArchive } from '../base/cpio.ts';
import type { MachineKeys } from './keys.ts';

/** What the guest learns at boot, as files below `/berth-config`. */
export interface GuestConfig {
  readonly hostname: string;
  readonly keys: MachineKeys;
  /** Read by the agent. */
  readonly agent: Readonly<Record<string, unknown>>;
  /** The guest must not format the data disk, whatever it looks like. */
  readonly keepDataDisk: boolean;
}

/**
 * Writes the image's initrd with one more archive behind it: the kernel unpacks them one after the other
 * (kernel Documentation/driver-api/early-userspace/buffer-format.rst), so nothing need be built anew or mounted.
 */
export async function writeConfigInitrd(base: string, config: GuestConfig, target: string): Promise<void> {
  const image = await readFile(base);
  // An archive has to start at a multiple of 4 bytes; zeros between archives are skipped.
  const gap = Buffer.alloc((4 - (image.length % 4)) % 4);
  await writeFileAtomically(target, Buffer.concat([image, gap, newcArchive(configEntries(config))]), 0o600);
}

function configEntries({ hostname, keys, agent, keepDataDisk }: GuestConfig): Parameters<typeof newcArchive>[0] {
  const file = (name: string, mode: number, text: string) => ({
    path: `berth-config/${name}`,
    mode: 0o100000 | mode,
    data: Buffer.from(text),
  });
  return [
    { path: 'berth-config', mode: 0o040700, data: new Uint8Array() },
    file('authorized_keys', 0o600, `${keys.client.publicKey}\n`),
    file('ssh_host_ed25519_key', 0o600, keys.host.privateKey),
    file('hostname', 0o644, `${hostname}\n`),
    file('agent.json', 0o600, `${JSON.stringify(agent)}\n`),
    ...(keepDataDisk ? [file('keep-data-disk', 0o600, '')] : []),
  ];
}
