/** The fast way of layers: offered in a share of their own while the guest copies them, streamed where that does not work. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { readAll } from '../../../app/base/streams.ts';
import type { ResolvedImage } from '../../../app/services/image-source.ts';
import type { LayerFile } from '../../../app/services/layer-file.ts';
import type { ShareServer } from '../../../app/shares/share-driver.ts';
import { refuse } from '../../support/fake-guest.ts';
import { hostPair, type HostPair } from '../../support/host-pair.ts';
import { runConfig } from '../../support/run-config.ts';
import { until } from '../../support/until.ts';

const names = ['a', 'b'] as const;
const content = (name: string): Buffer => Buffer.alloc(300_000, name);

interface Scene {
  readonly pair: HostPair;
  readonly folder: string;
  readonly files: readonly LayerFile[];
  /** Names of layers in the order in which they came, and how. */
  readonly came: string[];
  readonly create: () => Promise<unknown>;
  /** Ends the share's server. */
  readonly die: (error: Error) => void;
}

async function scene(t: TestContext): Promise<Scene> {
  const pair = await hostPair(t);
  const folder = join(pair.folder, 'layers');
  await mkdir(folder);
  pair.machine.layerFolder = folder;
  const ended = Promise.withResolvers<{ error?: Error }>();
  const server: ShareServer = {
    pid: 1,
    exited: ended.promise,
    stop: async () => {
      ended.resolve({});
      await ended.promise;
    },
  };
  pair.machine.serve = () => Promise.resolve(server);
  const files = await Promise.all(
    names.map(async (name): Promise<LayerFile> => {
      const path = join(pair.folder, `${name}.erofs`);
      await writeFile(path, content(name));
      const diffId = `sha256:${name.repeat(64)}`;
      return { diffId, path, sizeBytes: 300_000, contentDigest: diffId, checksum: `${name.repeat(15)}0` };
    }),
  );
  pair.images.set(
    'busybox',
    imageOf(() => Promise.resolve(files)),
  );
  const came: string[] = [];
  takeLayers(pair, came);
  const { api } = await pair.connect();
  await api.engine.start({});
  const create = () => api.containers.create({ name: 'a', config: runConfig() });
  return { pair, folder, files, came, create, die: (error) => ended.resolve({ error }) };
}

function imageOf(layers: ResolvedImage['layers']): ResolvedImage {
  const config = { config: { Cmd: ['sh'] } };
  return { reference: 'busybox', id: 'sha256:1', platform: 'linux/amd64', config, layers };
}

function takeLayers({ guest }: HostPair, came: string[]): void {
  guest.on('layer.missing', ({ layers }: { layers: string[] }) => ({ missing: layers }));
  guest.on('layer.put', ({ layer }: { layer: string }) => ({
    offset: 0,
    stream: guest.offer((stream) => {
      void readAll(stream, 1_000_000).then((bytes) => {
        assert.deepEqual(zstdDecompressSync(bytes), content(layer.slice(-1)));
        came.push(`${layer.slice(-1)} streamed`);
        stream.end();
      });
    }),
  }));
  guest.on('layer.commit', () => ({}));
  guest.on('container.create', () => ({ id: 'c1', name: 'a', warnings: [] }));
}

test('the guest finds each layer in the share while it copies it, and nothing before and after', async (t) => {
  const { pair, folder, came, create } = await scene(t);
  assert.deepEqual(await readdir(folder), []);
  pair.guest.on('layer.copy', async ({ layer }: { layer: string }) => {
    const file = join(folder, `${layer.replace('sha256:', '')}.erofs`);
    assert.deepEqual(await readFile(file), content(layer.slice(-1)));
    assert.equal((await stat(file)).nlink, 2);
    came.push(`${layer.slice(-1)} copied`);
    return {};
  });
  await create();
  assert.deepEqual(came.sort(), ['a copied', 'b copied']);
  assert.deepEqual(await readdir(folder), []);
  const asked = pair.guest.asked('layer.copy') as { share: string; checksum: string }[];
  assert.deepEqual(asked.map(({ share, checksum }) => `${share} ${checksum}`).sort(), [
    'layers0 aaaaaaaaaaaaaaa0',
    'layers0 bbbbbbbbbbbbbbb0',
  ]);
  assert.deepEqual(pair.guest.asked('share.mount')[0], {
    ...{ tag: 'layers0', readOnly: true },
    mount: { type: 'virtiofs', source: 'layers0', options: '' },
  });
});

test('a layer is on its way while others are still made', async (t) => {
  const { pair, files, create } = await scene(t);
  const here = new Set<string>();
  pair.guest.on('layer.missing', ({ layers }: { layers: string[] }) => ({
    missing: layers.filter((layer) => !here.has(layer)),
  }));
  pair.guest.on('layer.copy', ({ layer }: { layer: string }) => (here.add(layer), {}));
  const build: ResolvedImage['layers'] = async (_, onBuilt) => {
    for (const file of files.slice(0, 1)) onBuilt(file);
    await until('it is here', () => here.size === 1);
    return [...files];
  };
  pair.images.set('busybox', imageOf(build));
  await create();
  assert.equal(pair.guest.asked('layer.copy').length, 2);
});

test('what a killed service has left in the share is no hindrance', async (t) => {
  const { pair, folder, create } = await scene(t);
  await writeFile(join(folder, `${'a'.repeat(64)}.erofs`), 'left');
  pair.guest.on('layer.copy', () => ({}));
  await create();
  assert.deepEqual(await readdir(folder), []);
});

test('a layer that cannot be copied is streamed', async (t) => {
  const { pair, folder, came, create } = await scene(t);
  pair.guest.on('layer.copy', refuse('operation-failed', 'No.'));
  await create();
  assert.deepEqual(came.sort(), ['a streamed', 'b streamed']);
  assert.deepEqual(await readdir(folder), []);
});

for (const code of ['disk-full', 'corrupt-content'] as const)
  test(`${code} is told, for a stream would end the same way`, async (t) => {
    const { pair, folder, came, create } = await scene(t);
    pair.guest.on('layer.list', () => []);
    pair.guest.on('layer.copy', refuse(code, 'No.'));
    await assert.rejects(create(), { code });
    assert.deepEqual(came, []);
    await until('nothing is offered any more', async () => (await readdir(folder)).length === 0);
  });

test('a share whose server ends while a layer is copied lets go of the copy, which is streamed', async (t) => {
  const { pair, files, came, create, die } = await scene(t);
  pair.guest.on('layer.copy', (_, __, signal) => {
    die(new Error('killed'));
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cancelled'))));
  });
  await create();
  assert.deepEqual(came.sort(), ['a streamed', 'b streamed']);
  const asked = pair.guest.asked('layer.copy').length;
  const others = files.map((file) => ({ ...file, diffId: file.diffId.replace(/:./, ':c') }));
  pair.images.set(
    'busybox',
    imageOf(() => Promise.resolve(others)),
  );
  await create();
  assert.equal(pair.guest.asked('layer.copy').length, asked);
  assert.equal(came.length, 4);
});
