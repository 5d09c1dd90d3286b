/**
 * The server of shared folders for Linux hosts, of the same Debian release as the guest: older distributions have none
 * that translates owners. It comes with its own libraries and loader, so it runs on any C library of the host.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackOnly } from '../../vm-images/debian.ts';
import { SUITE, type GuestArch } from '../../vm-images/inputs.ts';
import { run } from '../../vm-images/run.ts';
import { cached, keyOf, root } from './cached.ts';

const triplet = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;

/** @returns whether it was fetched; it lies in `.cache/virtiofsd/ARCH` as in the package. */
export async function fetchVirtiofsd(arch: GuestArch): Promise<boolean> {
  const target = join(root, '.cache/virtiofsd', arch);
  return cached({
    name: `virtiofsd-${arch}`,
    key: keyOf(['scripts/build/virtiofsd.ts'], SUITE),
    outputs: [join(target, 'usr/libexec/virtiofsd')],
    build: async () => {
      const part = `${target}.part-${process.pid}`;
      const archive = `${part}.tar`;
      try {
        await mkdir(part, { recursive: true });
        const names = [`--architectures=${arch}`, '--include=virtiofsd', '--aptopt=Acquire::Languages "none"'];
        await run('mmdebstrap', [...unpackOnly(), ...names, SUITE, archive]);
        const wanted = ['./usr/libexec/virtiofsd', `./usr/lib/${triplet[arch]}`];
        await run('tar', ['-xf', archive, '-C', part, '--no-same-owner', ...wanted]);
        await rm(target, { recursive: true, force: true });
        await rename(part, target);
      } finally {
        await rm(part, { recursive: true, force: true });
        await rm(archive, { force: true });
      }
    },
  });
}
