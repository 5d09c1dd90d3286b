/**
 * Debian's `docker-registry` on a free loopback port, with the test images in it (`nginx:latest` and so on, pushed by
 * skopeo). Every registry has storage of its own, so a test may push, delete and damage as it likes.
 *
 * ```ts
 * const registry = await startRegistry(t);                 // stopped when the test is over
 * await ok(['pull', `${registry.address}/nginx`]);         // 127.0.0.1:PORT/nginx
 * await startRegistry(t, { empty: true });                 // nothing in it
 * await startRegistry(t, { env: { REGISTRY_AUTH: 'htpasswd', … } });  // any setting, as the registry's manual names it
 * ```
 *
 * Without a test around: `await using registry = await startRegistry()`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../../vm-images/run.ts';
import { type BuiltImage, builtImages, cachedFolder } from './build.ts';

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Where it keeps everything: `docker/registry/v2/…`. */
  readonly storage: string;
  /** What it has written so far; every request is a line. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export interface RegistryOptions {
  readonly empty?: boolean;
  /** Instead of the test images; all of one set of `buildSet`. */
  readonly images?: readonly BuiltImage[];
  /** Settings over those of this file, `REGISTRY_…`. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startRegistry(
  t?: { after(fn: () => Promise<void>): void },
  options: RegistryOptions = {},
): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const storage = join(folder, 'storage');
  if (options.empty) await mkdir(storage);
  else
    await cp(await filledStorage(options.images ?? Object.values(await builtImages())), storage, { recursive: true });
  const { child, address, log } = await spawnRegistry(storage, options.env);
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  t?.after(stop);
  return { address, storage, log, stop, [Symbol.asyncDispose]: stop };
}

/** The storage of a registry to which the images were pushed, made once for this machine. */
async function filledStorage(images: readonly BuiltImage[]): Promise<string> {
  const [first] = images;
  if (!first) throw new Error('no images');
  const folder = join(first.layout, '..', 'registry');
  await cachedFolder(folder, async (part) => {
    const { child, address } = await spawnRegistry(part);
    try {
      for (const { layout, reference } of images)
        await run('skopeo', [
          'copy',
          '--quiet',
          '--preserve-digests',
          '--dest-tls-verify=false',
          `oci:${layout}:${reference}`,
          `docker://${address}/${reference}`,
        ]);
    } finally {
      await end(child);
    }
  });
  return folder;
}

interface Running {
  child: ChildProcess;
  address: string;
  log: () => string;
}

async function spawnRegistry(storage: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const child = spawn('docker-registry', ['serve', join(import.meta.dirname, 'registry.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      REGISTRY_HTTP_ADDR: '127.0.0.1:0',
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: storage,
      REGISTRY_STORAGE_DELETE_ENABLED: 'true',
      OTEL_TRACES_EXPORTER: 'none',
      ...env,
    },
  });
  const lines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (text) => {
      lines.push(text);
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
  child.on('error', reject);
  child.on('exit', (code) => reject(new Error(`docker-registry ended (${code}): ${lines.slice(-5).join('\n')}`)));
  return { child, address: await promise, log: () => lines.join('\n') };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
