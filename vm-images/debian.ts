/** Debian packages, unpacked but not installed: no maintainer script runs, so the host's processor does not matter. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianPackages, SUITE, type GuestArch } from './inputs.ts';
import { run } from './run.ts';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly sha256: string;
}

/**
 * No package is installed, so a user needs neither a chroot nor ids of others (mmdebstrap(1), MODES); root's own mode is
 * left to mmdebstrap, which takes chrootless for a danger there.
 */
export function unpackOnly(uid = process.getuid?.()): string[] {
  return ['--variant=extract', ...(uid === 0 ? [] : ['--mode=chrootless'])];
}

const LIST = 'berth-packages.sha256';

/**
 * Fetches and unpacks the image's packages into `target`; apt checks them against the archive's signed lists.
 * The owners that the tar archive in between names are not taken over.
 */
export async function unpackPackages(arch: GuestArch, target: string, signal?: AbortSignal): Promise<DebianPackage[]> {
  const archive = `${target}.tar`;
  await run(
    'mmdebstrap',
    [
      ...unpackOnly(),
      `--architectures=${arch}`,
      `--include=${debianPackages(arch).join(',')}`,
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=Acquire::Retries "3"',
      `--extract-hook=cd "$1/var/cache/apt/archives" && sha256sum *.deb > "$1/${LIST}"`,
      SUITE,
      archive,
    ],
    { signal },
  );
  await mkdir(target, { recursive: true });
  await run('tar', ['-xf', archive, '-C', target, '--no-same-owner', '--exclude=./dev', ...unwanted()], { signal });
  return parsePackageList(await readFile(join(target, LIST), 'utf8'));
}

function unwanted(): string[] {
  return ['doc', 'man', 'locale', 'i18n', 'info', 'perl'].map((name) => `--exclude=./usr/share/${name}`);
}

/** Lines of `sha256sum`; apt writes the epoch's colon as `%3a` in file names. */
export function parsePackageList(text: string): DebianPackage[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [sha256 = '', file = ''] = line.split(/\s+\*?/);
      const [name = '', version = '', arch = ''] = file.replace(/\.deb$/, '').split('_');
      return { name, version: version.replace('%3a', ':'), arch, sha256 };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
