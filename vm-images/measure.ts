/**
 * What a person downloads: the image's files at zstd level 19. `node vm-images/measure.ts [--arch amd64] [--cache DIR]`
 * prints bytes by part and fails above the limit. Takes a minute, so builds do not do it; a test does at a quick level,
 * which gives more bytes.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { buildImage, nodePin } from './build.ts';
import { stripped } from './elf.ts';
import { guestArchs, type GuestArch } from './inputs.ts';
import { fetchPackage } from './npm-package.ts';

/** 100 MB. */
export const DOWNLOAD_LIMIT = 100e6;

export interface DownloadSize {
  readonly totalBytes: number;
  /** Compressed bytes; the root is split into Node and everything else. */
  readonly parts: Readonly<Record<'kernel' | 'initramfs' | 'node' | 'rest of the root', number>>;
}

export async function downloadSize(arch: GuestArch, cacheDir: string, level = 19): Promise<DownloadSize> {
  const image = await buildImage({ arch, cacheDir });
  const packed = async (file: string): Promise<number> => compressed(await readFile(join(image.folder, file)), level);
  const nodeHome = await fetchPackage(nodePin(arch), cacheDir);
  const program = stripped(await readFile(join(nodeHome, 'package/bin/node')));
  const [kernel, initramfs, root, node] = await Promise.all([
    packed(image.kernel.file),
    packed(image.initrd.file),
    packed(image.root.file),
    compressed(program, level),
  ]);
  return { totalBytes: kernel + initramfs + root, parts: { kernel, initramfs, node, 'rest of the root': root - node } };
}

async function compressed(data: Buffer, level: number): Promise<number> {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return (await promisify(zstdCompress)(data, { params })).length;
}

if (import.meta.main) {
  const cache = join(import.meta.dirname, '../.cache');
  const { values } = parseArgs({
    options: { arch: { type: 'string', default: 'amd64' }, cache: { type: 'string', default: cache } },
  });
  const arch = guestArchs.find((known) => known === values.arch);
  if (arch === undefined) throw new Error(`--arch is one of ${guestArchs.join(', ')}.`);
  const { totalBytes, parts } = await downloadSize(arch, resolve(values.cache));
  for (const [part, bytes] of Object.entries({ ...parts, total: totalBytes }))
    process.stdout.write(`${part.padEnd(18)} ${(bytes / 1e6).toFixed(1).padStart(6)} MB\n`);
  process.exitCode = totalBytes <= DOWNLOAD_LIMIT ? 0 : 1;
}
