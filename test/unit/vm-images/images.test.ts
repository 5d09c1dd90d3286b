import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { buildAgentImage } from '../../../vm-images/agent-image.ts';
import { buildImage, imageKey, readManifest } from '../../../vm-images/build.ts';
import { buildBusyboxImage } from '../../../vm-images/busybox-image.ts';
import { fetchPackage } from '../../../vm-images/npm-package.ts';
import { markAsChosen, prune } from '../../../vm-images/prune.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-images-'));
test.after(() => rm(folder, { recursive: true }));

interface Descriptor {
  digest: string;
  size: number;
}

async function blob<T>(layout: string, { digest, size }: Descriptor, read: (data: Buffer) => T): Promise<T> {
  const data = await readFile(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)));
  assert.equal(`sha256:${createHash('sha256').update(data).digest('hex')}`, digest);
  assert.equal(data.length, size);
  return read(data);
}

const asJson = (data: Buffer): unknown => JSON.parse(data.toString());

async function busybox(outDir: string): Promise<string> {
  const program = join(folder, 'program');
  await writeFile(program, 'not really busybox');
  await writeFile(join(folder, 'applets'), 'sh\nls\n');
  const options = { arch: 'arm64', busybox: program, applets: join(folder, 'applets'), outDir } as const;
  return (await buildBusyboxImage(options)).manifestDigest;
}

test('the busybox image is a layout whose digests and sizes hold from index to layer', async () => {
  const layout = join(folder, 'layout');
  await busybox(layout);
  const index = asJson(await readFile(join(layout, 'index.json'))) as {
    manifests: (Descriptor & { platform: object; annotations: object })[];
  };
  const [entry] = index.manifests;
  assert.ok(entry);
  assert.deepEqual(entry.platform, { os: 'linux', architecture: 'arm64' });
  assert.deepEqual(entry.annotations, { 'org.opencontainers.image.ref.name': 'busybox:latest' });
  const manifest = (await blob(layout, entry, asJson)) as { config: Descriptor; layers: Descriptor[] };
  const config = (await blob(layout, manifest.config, asJson)) as { rootfs: { diff_ids: string[] }; config: object };
  const [layer] = manifest.layers;
  assert.ok(layer);
  const tar = await blob(layout, layer, (data) => gunzipSync(data));
  assert.deepEqual(config.rootfs.diff_ids, [`sha256:${createHash('sha256').update(tar).digest('hex')}`]);
  const found = new Map<string, string>();
  for await (const entry of extract().end(tar)) {
    const { name, type, mode, linkname, uid, gid } = entry.header;
    assert.deepEqual([uid, gid], [0, 0]);
    found.set(name, `${type} ${mode.toString(8)}${linkname ? ` ${linkname}` : ''}`);
    entry.resume();
  }
  assert.equal(found.get('bin/sh'), 'symlink 777 busybox');
  assert.equal(found.get('bin/busybox'), 'file 755');
  assert.equal(found.get('tmp/'), 'directory 1777');
  assert.equal(found.get('root/'), 'directory 700');
  for (const name of ['etc/passwd', 'etc/group', 'etc/nsswitch.conf']) assert.equal(found.get(name), 'file 644');
});

test('the same program gives the same digest', async () => {
  assert.equal(await busybox(join(folder, 'one')), await busybox(join(folder, 'two')));
});

test('the agent image depends on its files alone', async () => {
  const images = await Promise.all(
    [1, 2].map(async (n) => {
      const staging = join(folder, `staging-${n}`);
      await mkdir(staging);
      await writeFile(join(staging, 'agent.mjs'), 'console.log(1)\n');
      await utimes(join(staging, 'agent.mjs'), n * 1000, n * 1000);
      return buildAgentImage({ stagingDir: staging, outFile: join(folder, `agent-${n}.erofs`) });
    }),
  );
  assert.deepEqual(images[0], images[1]);
});

test('a failed agent image leaves no file', async () => {
  const outFile = join(folder, 'none/agent.erofs');
  await assert.rejects(buildAgentImage({ stagingDir: join(folder, 'missing'), outFile }));
  await assert.rejects(readFile(outFile));
});

test('a finished image is found without building, and is then the newest; old ones go, other architectures stay', async () => {
  const cache = join(folder, 'cache');
  const wanted = await imageKey('amd64');
  const names = [wanted, 'amd64-1111', 'amd64-2222', 'arm64-3333'];
  for (const [age, name] of names.entries()) {
    await mkdir(join(cache, 'images', name), { recursive: true });
    const file = join(cache, 'images', name, 'manifest.json');
    await writeFile(file, JSON.stringify({ arch: 'amd64', contentKey: name }));
    await utimes(file, 1000 + age, 1000 + age);
  }
  const steps: string[] = [];
  const manifest = await buildImage({ arch: 'amd64', cacheDir: cache, onProgress: (step) => steps.push(step) });
  assert.equal(manifest.folder, join(cache, 'images', wanted));
  assert.deepEqual(steps, []);
  await prune(join(cache, 'images'), 'amd64');
  assert.deepEqual((await readdir(join(cache, 'images'))).sort(), [wanted, 'amd64-2222', 'arm64-3333'].sort());
  await markAsChosen(join(cache, 'images', 'amd64-2222'));
  assert.equal((await readManifest(join(cache, 'images', 'amd64-2222')))?.contentKey, 'amd64-2222');
});

test('a cancelled build says so and leaves nothing half-made', async () => {
  const cache = join(folder, 'cancelled');
  const signal = AbortSignal.abort();
  await assert.rejects(buildImage({ arch: 'amd64', cacheDir: cache, signal }), { code: 'cancelled' });
  assert.deepEqual(await readdir(join(cache, 'images')), []);
  assert.deepEqual(await readdir(join(cache, 'npm')), []);
});

test('a package with another digest than the pinned one is refused and not kept', async () => {
  const home = join(folder, 'package');
  const cache = join(folder, 'npm-cache');
  await mkdir(home);
  await writeFile(join(home, 'package.json'), '{ "name": "berth-fixture", "version": "1.0.0" }');
  const pin = { name: 'berth-fixture', version: `file:${home}`, integrity: 'sha512-AAAA' };
  await assert.rejects(fetchPackage(pin, cache), { code: 'corrupt-content' });
  assert.deepEqual(await readdir(join(cache, 'npm')), []);
});
