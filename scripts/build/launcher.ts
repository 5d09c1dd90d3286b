/**
 * Compiles guest-agent/launcher, static, with musl. For the other architecture there is no musl compiler in Debian: GCC's
 * cross compiler takes the headers and the library from Debian's musl package of that architecture.
 */
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackOnly } from '../../vm-images/debian.ts';
import { nodeArch, type GuestArch } from '../../vm-images/inputs.ts';
import { run } from '../../vm-images/run.ts';
import { cached, keyOf, root } from './cached.ts';

const FLAGS = [
  '-std=gnu17',
  '-Os',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fno-asynchronous-unwind-tables',
  '-ffunction-sections',
];
const LINK = ['-static', '-Wl,--gc-sections', '-Wl,-z,noseparate-code', '-Wl,-z,max-page-size=4096', '-s'];
/** The release whose musl package has no other dependency than musl itself. */
const MUSL_SUITE = 'bookworm';

export function launcherPath(arch: GuestArch): string {
  return join(root, 'dist', arch, 'berth-launcher');
}

export async function buildLauncher(arch: GuestArch, signal?: AbortSignal): Promise<boolean> {
  const output = launcherPath(arch);
  return cached({
    name: `launcher-${arch}`,
    key: keyOf(['guest-agent/launcher', 'scripts/build/launcher.ts']),
    outputs: [output],
    build: async () => {
      await mkdir(join(output, '..'), { recursive: true });
      const sources = globSync(join(root, 'guest-agent/launcher/*.c')).sort();
      const temporary = `${output}.part-${process.pid}`;
      if (nodeArch[arch] === process.arch)
        await run('musl-gcc', [...FLAGS, ...LINK, '-o', temporary, ...sources], { signal });
      else await cross(arch, [...FLAGS, ...sources, '-o', temporary], signal);
      await rename(temporary, output);
    },
  });
}

async function cross(arch: GuestArch, args: readonly string[], signal?: AbortSignal): Promise<void> {
  const triple = arch === 'arm64' ? 'aarch64-linux' : 'x86_64-linux';
  const compiler = `${triple}-gnu-gcc`;
  const musl = await muslPackage(arch, signal);
  const [headers, library] = [join(musl, `usr/include/${triple}-musl`), join(musl, `usr/lib/${triple}-musl`)];
  const own = (await run(compiler, ['-print-file-name=include'], { signal })).toString().trim();
  const start = ['crt1.o', 'crti.o'].map((file) => join(library, file));
  await run(
    compiler,
    [
      '-nostdinc',
      '-isystem',
      headers,
      '-isystem',
      own,
      '-nostdlib',
      '-nostartfiles',
      ...LINK,
      ...start,
      ...args,
    ].concat([
      `-L${library}`,
      '-Wl,--start-group',
      '-lc',
      '-lgcc',
      '-lgcc_eh',
      '-Wl,--end-group',
      join(library, 'crtn.o'),
    ]),
    { signal },
  );
}

/** The unpacked musl packages of another architecture, kept in the cache. */
async function muslPackage(arch: GuestArch, signal?: AbortSignal): Promise<string> {
  const home = join(root, '.cache/musl', `${MUSL_SUITE}-${arch}`);
  await cached({
    name: `musl-${arch}`,
    key: MUSL_SUITE,
    outputs: [home],
    build: async () => {
      await mkdir(join(root, '.cache/musl'), { recursive: true });
      const temporary = await mkdtemp(join(root, '.cache/musl/.part-'));
      const archive = join(temporary, 'musl.tar');
      const include = [...unpackOnly(), `--architectures=${arch}`, '--include=musl-dev', MUSL_SUITE, archive];
      try {
        await run('mmdebstrap', include, { signal });
        await mkdir(join(temporary, 'root'));
        await run('tar', ['-xf', archive, '-C', join(temporary, 'root'), '--no-same-owner', './usr'], { signal });
        await rm(home, { recursive: true, force: true });
        await rename(join(temporary, 'root'), home);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
  });
  return home;
}
