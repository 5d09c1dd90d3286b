import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EngineError } from '../base/error.ts';
import { isExecutable } from '../base/find-program.ts';

const run = promisify(execFile);

/** How to run a virtiofsd that can do what the product needs. */
export interface VirtiofsdProgram {
  readonly command: string;
  /** Come before virtiofsd's own arguments. */
  readonly prefix: readonly string[];
  readonly version: string;
}

/** Where distributions put it; it is in no `PATH`. */
const SYSTEM_PLACES = ['/usr/libexec/virtiofsd', '/usr/lib/virtiofsd', '/usr/lib/qemu/virtiofsd'];
/** The first that translates owners (`--translate-uid`) and lets the guest make id-mapped mounts (FUSE_ALLOW_IDMAP). */
const LEAST_VERSION = [1, 13] as const;

const TRIPLETS = {
  x64: { libraries: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { libraries: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
} as const;

/**
 * The system's virtiofsd where it is new enough, else the one that comes with the product: a folder with a Debian
 * package tree (`usr/libexec/virtiofsd` and its libraries), run by its own loader so that the host's C library does not
 * matter.
 * @throws EngineError `unsupported` saying what was found and what is needed.
 */
export async function findVirtiofsd(
  arch: 'x64' | 'arm64',
  bundled: string | undefined,
  places: readonly string[] = SYSTEM_PLACES,
): Promise<VirtiofsdProgram> {
  const own = bundled === undefined ? [] : [bundledProgram(bundled, arch)];
  const found: string[] = [];
  for (const candidate of [...places.map((command) => ({ command, prefix: [] })), ...own]) {
    if (!(await isExecutable(candidate.prefix.at(-1) ?? candidate.command))) continue;
    const version = await versionOf(candidate);
    if (version !== undefined && isNewEnough(version)) return { ...candidate, version };
    found.push(`${candidate.command} (${version ?? "QEMU's old one, or broken"})`);
  }
  const what =
    found.length === 0
      ? 'none was found'
      : `this virtiofsd is too old; found only ${found.join(', ')}, which cannot keep the owners of files apart`;
  throw new EngineError('unsupported', `Shared folders need virtiofsd ${LEAST_VERSION.join('.')} or later: ${what}.`, {
    hint: 'Install the package virtiofsd of your distribution (Debian 13, Ubuntu 25.04, Fedora 42 or later have it).',
  });
}

function bundledProgram(tree: string, arch: 'x64' | 'arm64'): { command: string; prefix: string[] } {
  const { libraries, loader } = TRIPLETS[arch];
  const folder = join(tree, 'usr/lib', libraries);
  return { command: join(folder, loader), prefix: ['--library-path', folder, join(tree, 'usr/libexec/virtiofsd')] };
}

/** The old one in C answers `virtiofsd version 7.2.22 …`, which is no version of this line. */
async function versionOf({ command, prefix }: { command: string; prefix: readonly string[] }) {
  const { stdout } = await run(command, [...prefix, '--version'], { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return /^virtiofsd (\d+\.\d+\S*)/.exec(stdout)?.[1];
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSION;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
