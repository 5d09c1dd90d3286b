/** Stages the read-only root: the chosen programs with their libraries, kernel modules, Node, and our own files. */
import { chmod, cp, mkdir, readFile, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { EngineError } from '../guest-agent/protocol/errors.ts';
import { isElf, neededLibraries, stripped } from './elf.ts';
import { containerModules, deviceModules, programs, requestedModules, type GuestArch } from './inputs.ts';
import { loadOrder } from './modules.ts';
import { installModules, type KernelTree } from './kernel-tree.ts';

const LIBRARY_FOLDERS: Readonly<Record<GuestArch, readonly string[]>> = {
  amd64: ['usr/lib/x86_64-linux-gnu', 'usr/lib'],
  arm64: ['usr/lib/aarch64-linux-gnu', 'usr/lib'],
};
const LOADER: Readonly<Record<GuestArch, { folder: string; file: string }>> = {
  amd64: { folder: 'usr/lib64', file: 'ld-linux-x86-64.so.2' },
  arm64: { folder: 'usr/lib', file: 'ld-linux-aarch64.so.1' },
};
const EMPTY_FOLDERS = [
  'dev',
  'proc',
  'sys',
  'run',
  'tmp',
  'root',
  'mnt',
  'opt/berth',
  'var/lib/berth',
  'var/log',
  'var/tmp',
];

export interface RootSources {
  readonly arch: GuestArch;
  /** The unpacked Debian packages. */
  readonly debian: string;
  readonly kernel: KernelTree;
  /** Path of the Node program for the guest. */
  readonly node: string;
  /** Our own files: the folder `rootfs`, and the applet list beside it. */
  readonly own: string;
}

export async function stageRoot(target: string, sources: RootSources): Promise<void> {
  for (const folder of [...EMPTY_FOLDERS, 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc'])
    await mkdir(join(target, folder), { recursive: true });
  for (const [link, to] of Object.entries({ bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64' }))
    await symlink(to, join(target, link));
  await symlink('/run', join(target, 'var/run'));
  await copyPrograms(target, sources);
  await copyModules(target, sources);
  await linkApplets(target, join(sources.own, 'applets.txt'));
  await cp(join(sources.own, 'rootfs'), target, { recursive: true, force: true });
  await symlink('/run/resolv.conf', join(target, 'etc/resolv.conf'));
  await symlink('/proc/mounts', join(target, 'etc/mtab'));
  await writeFile(join(target, 'etc/os-release'), 'ID=berth\nNAME="Berth guest"\nID_LIKE=debian\nVERSION_ID=13\n');
}

async function copyPrograms(target: string, sources: RootSources): Promise<void> {
  await writeFile(join(target, 'usr/bin/node'), stripped(await readFile(sources.node)));
  await chmod(join(target, 'usr/bin/node'), 0o755);
  const wanted: string[] = [];
  for (const path of programs) {
    const program = await readFile(join(sources.debian, path));
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), program);
    await chmod(join(target, path), 0o755);
    wanted.push(...neededLibraries(program));
  }
  wanted.push(...neededLibraries(await readFile(sources.node)));
  await copyLibraries(target, sources, wanted);
}

async function copyLibraries(target: string, sources: RootSources, roots: readonly string[]): Promise<void> {
  const loader = LOADER[sources.arch];
  const queue = [loader.file, ...roots];
  const done = new Set<string>();
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const library = await readFile(await findLibrary(name, sources));
    const folder = name === loader.file ? loader.folder : 'usr/lib';
    await writeFile(join(target, folder, name), library);
    await chmod(join(target, folder, name), 0o755);
    if (isElf(library)) queue.push(...neededLibraries(library));
  }
}

async function findLibrary(name: string, { arch, debian }: RootSources): Promise<string> {
  for (const folder of LIBRARY_FOLDERS[arch]) {
    const found = await realpath(join(debian, folder, name)).catch(() => undefined);
    if (found !== undefined && !relative(await realpath(debian), found).startsWith('..')) return found;
  }
  throw new EngineError('operation-failed', `The library ${name} is in none of the unpacked packages.`, {
    hint: 'Add its package to vm-images/inputs.ts.',
  });
}

async function copyModules(target: string, { kernel, arch }: RootSources): Promise<void> {
  const wanted = [...deviceModules(arch), ...containerModules, ...requestedModules(arch), ...kernel.rootModules];
  const modules = loadOrder(wanted, kernel.find, kernel.builtIn);
  await installModules(join(target, 'usr/lib/modules', kernel.version), modules, kernel);
  await mkdir(join(target, 'etc/berth'), { recursive: true });
  await writeFile(join(target, 'etc/berth/modules.containers'), containerModules.map((name) => `${name}\n`).join(''));
}

/** Programs of their own packages win over the applet of the same name. */
async function linkApplets(target: string, list: string): Promise<void> {
  const taken = new Set([...(await readdir(join(target, 'usr/bin'))), ...(await readdir(join(target, 'usr/sbin')))]);
  const applets = (await readFile(list, 'utf8')).split('\n').filter((name) => name !== '' && !taken.has(name));
  for (const name of applets) await symlink('busybox', join(target, 'usr/bin', name));
  for (const name of ['init', 'modprobe', 'poweroff', 'reboot', 'halt'])
    await symlink('../bin/busybox', join(target, 'usr/sbin', name));
}
