/**
 * The container image that comes with the product: Debian's static busybox as an OCI image layout, one layer.
 * Sources: image-layout.md, config.md, layer.md of the OCI image specification. The same program gives the same digests.
 */
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { sha256 } from './debian.ts';
import type { GuestArch } from './inputs.ts';

const FOLDERS: readonly (readonly [string, number])[] = [
  ['bin', 0o755],
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['proc', 0o755],
  ['root', 0o700],
  ['sys', 0o755],
  ['tmp', 0o1777],
  ['usr', 0o755],
  ['usr/bin', 0o755],
  ['usr/sbin', 0o755],
  ['var', 0o755],
  ['var/tmp', 0o1777],
];
const FILES: readonly (readonly [string, string])[] = [
  ['etc/group', 'root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n'],
  ['etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'],
  [
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n' +
      'www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  ],
];
const CREATED = '1970-01-01T00:00:00Z';

export interface BusyboxImageOptions {
  readonly arch: GuestArch;
  /** The static busybox for `arch`. */
  readonly busybox: string;
  /** One name a line. */
  readonly applets: string;
  /** The layout's folder; arrives by rename. */
  readonly outDir: string;
}

export async function buildBusyboxImage(options: BusyboxImageOptions): Promise<{ manifestDigest: string }> {
  const tar = await layer(await readFile(options.busybox), (await readFile(options.applets, 'utf8')).split('\n'));
  const compressed = gzipSync(tar, { level: 9 });
  await mkdir(dirname(options.outDir), { recursive: true });
  const temporary = await mkdtemp(join(dirname(options.outDir), '.part-'));
  try {
    const platform = { os: 'linux', architecture: options.arch };
    const config = await blob(temporary, json(configDocument(platform, `sha256:${sha256(tar)}`)));
    const layers = [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...(await blob(temporary, compressed)) },
    ];
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers,
    };
    const descriptor = { mediaType: manifest.mediaType, ...(await blob(temporary, json(manifest))), platform };
    await writeFile(join(temporary, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
    await writeFile(join(temporary, 'index.json'), json(indexDocument(descriptor)));
    // Made for its maker alone, but who builds and who runs may be two users.
    await chmod(temporary, 0o755);
    await rm(options.outDir, { recursive: true, force: true });
    await rename(temporary, options.outDir);
    return { manifestDigest: descriptor.digest };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function configDocument(platform: { os: string; architecture: string }, diffId: string): object {
  return {
    created: CREATED,
    ...platform,
    config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: CREATED, created_by: "Debian's busybox-static" }],
  };
}

function indexDocument(descriptor: object): object {
  const annotations = { 'org.opencontainers.image.ref.name': 'busybox:latest' };
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...descriptor, annotations }],
  };
}

async function layer(busybox: Buffer, applets: readonly string[]): Promise<Buffer> {
  const archive = pack();
  const fixed = { uid: 0, gid: 0, mtime: new Date(0) };
  for (const [name, mode] of FOLDERS) archive.entry({ ...fixed, name: `${name}/`, type: 'directory', mode });
  archive.entry({ ...fixed, name: 'bin/busybox', mode: 0o755 }, busybox);
  for (const name of applets.filter((applet) => applet !== ''))
    archive.entry({ ...fixed, name: `bin/${name}`, type: 'symlink', linkname: 'busybox', mode: 0o777 });
  for (const [name, text] of FILES) archive.entry({ ...fixed, name, mode: 0o644 }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function blob(folder: string, data: Buffer): Promise<{ digest: string; size: number }> {
  const hex = sha256(data);
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  await writeFile(join(folder, 'blobs/sha256', hex), data);
  return { digest: `sha256:${hex}`, size: data.length };
}

function json(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}
