/**
 * Builds the guest image: kernel, initramfs and root. `node vm-images/build.ts --arch amd64 [--cache DIR] [--measure]`.
 * An image is named by the hash of what it is declared to be made of, so a finished one is found without any tool.
 */
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sha256, unpackPackages } from './debian.ts';
import { makeErofs } from './erofs.ts';
import { buildInitrd } from './initrd.ts';
import { debianPackages, guestArchs, nodeArch, SUITE, type GuestArch } from './inputs.ts';
import { readKernel } from './kernel-tree.ts';
import { bootableKernel } from './kernel.ts';
import { EMULATION_CMDLINE, kernelCmdline, type ImageFile, type ImageManifest } from './manifest.ts';
import { fetchPackage, type PinnedPackage } from './npm-package.ts';
import pins from './pins.json' with { type: 'json' };
import { markAsChosen, prune } from './prune.ts';
import { stageRoot } from './root.ts';

/** Files of this folder that the image does not depend on. */
const NOT_INPUTS = /\.md$|^(agent-image|busybox-image|measure|prune)\.ts$/;
const OWN = dirname(fileURLToPath(import.meta.url));

export interface BuildOptions {
  readonly arch: GuestArch;
  /** Images arrive in `images/KEY` below it, fetched packages in `npm`. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

/**
 * The image for `arch`, built if it is not in the cache.
 * @throws EngineError `unsupported` for a missing tool, `operation-failed` for one that failed, `corrupt-content` for a
 *   package with another digest than pinned, `cancelled`. Nothing half-made stays behind.
 */
export async function buildImage(options: BuildOptions): Promise<ImageManifest> {
  const contentKey = await imageKey(options.arch);
  const folder = join(options.cacheDir, 'images', contentKey);
  const cached = await readManifest(folder);
  if (cached !== undefined) {
    await markAsChosen(folder);
    return cached;
  }
  await mkdir(join(options.cacheDir, 'images'), { recursive: true });
  const work = await mkdtemp(join(options.cacheDir, 'images', '.part-'));
  try {
    const manifest = await build(work, contentKey, options);
    await mkdir(join(work, 'out'), { recursive: true });
    await writeFile(join(work, 'out', 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(join(work, 'out'), folder).catch(async (error: unknown) => {
      if ((await readManifest(folder)) === undefined) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await prune(join(options.cacheDir, 'images'), options.arch);
  const manifest = await readManifest(folder);
  if (manifest === undefined) throw new Error(`The image folder ${folder} was removed while it was written.`);
  return manifest;
}

async function build(work: string, contentKey: string, options: BuildOptions): Promise<Omit<ImageManifest, 'folder'>> {
  const { arch, signal, onProgress = () => undefined } = options;
  const out = join(work, 'out');
  const debian = join(work, 'debian');
  await mkdir(out);
  onProgress('Node for the guest');
  const node = nodePin(arch);
  const nodeHome = await fetchPackage(node, options.cacheDir, signal);
  onProgress('Debian packages');
  const packages = await unpackPackages(arch, debian, signal);
  onProgress('kernel and initramfs');
  const kernel = await readKernel(debian, arch, join(work, 'modules'));
  await writeFile(join(out, 'vmlinux'), bootableKernel(await readFile(kernel.vmlinuz), arch));
  await copyFile(join(debian, 'usr/bin/busybox'), join(out, 'busybox'));
  await buildInitrd(join(work, 'initrd'), join(out, 'initrd.cpio'), { debian, kernel, own: OWN });
  onProgress('root file system');
  const root = join(work, 'root');
  await stageRoot(root, { arch, debian, kernel, node: join(nodeHome, 'package/bin/node'), own: OWN });
  await makeErofs(root, join(out, 'root.erofs'), signal);
  return {
    arch,
    contentKey,
    kernelVersion: kernel.version,
    cmdline: kernelCmdline(arch),
    emulationCmdline: EMULATION_CMDLINE,
    kernel: await describe(out, 'vmlinux'),
    initrd: await describe(out, 'initrd.cpio'),
    root: await describe(out, 'root.erofs'),
    busybox: await describe(out, 'busybox'),
    inputs: { suite: SUITE, packages, node },
  };
}

/** The manifest of a finished image, with its folder. */
export async function readManifest(folder: string): Promise<ImageManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Omit<ImageManifest, 'folder'>;
    return { ...manifest, folder };
  } catch {
    return undefined;
  }
}

/** Debian's versions are not part of it: they are what the archive holds on the day of the build. */
export async function imageKey(arch: GuestArch): Promise<string> {
  const files = (await readdir(OWN, { recursive: true })).filter((path) => !NOT_INPUTS.test(path)).sort();
  const parts = [arch, SUITE, ...debianPackages(arch)];
  for (const path of files) {
    const file = join(OWN, path);
    const { mode } = await stat(file);
    if ((mode & 0o170000) === 0o100000)
      parts.push(`${path} ${mode & 0o111 ? 'x' : '-'} ${sha256(await readFile(file))}`);
  }
  return `${arch}-${sha256(parts.join('\n')).slice(0, 16)}`;
}

/** Node for the guest. */
export function nodePin(arch: GuestArch): PinnedPackage {
  const platform = `linux-${nodeArch[arch]}` as const;
  return { name: `node-${platform}`, version: pins.node.version, integrity: pins.node.integrity[platform] };
}

async function describe(folder: string, file: string): Promise<ImageFile> {
  const data = await readFile(join(folder, file));
  return { file, bytes: data.length, sha256: sha256(data) };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { arch: { type: 'string', default: 'amd64' }, cache: { type: 'string', default: join(OWN, '../.cache') } },
  });
  if (!guestArchs.includes(values.arch as GuestArch)) throw new Error(`--arch is one of ${guestArchs.join(', ')}.`);
  const manifest = await buildImage({
    arch: values.arch as GuestArch,
    cacheDir: resolve(values.cache),
    onProgress: (step) => process.stderr.write(`${step}\n`),
  });
  process.stdout.write(`${manifest.folder}\n`);
}
