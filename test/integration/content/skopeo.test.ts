/** What we write, skopeo reads, and the other way round. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import type { ContentStore } from '../../../app/content/store.ts';
import { openStore } from '../../../app/content/store.ts';
import { makeOciLayout } from '../../support/oci-layout.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const skip = spawnSync('skopeo', ['--version']).status === 0 ? false : 'skopeo is not installed';
const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };
const files = [[{ path: 'etc/os-release', data: 'NAME=test\n' }], [{ path: 'hello', data: Buffer.alloc(50_000, 'x') }]];

interface Inspected {
  readonly Digest: string;
  readonly Layers: string[];
  readonly RepoTags?: string[];
  readonly Architecture: string;
}

function skopeo(...args: string[]): string {
  return execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' });
}

const inspect = (source: string): Inspected => JSON.parse(skopeo('inspect', source)) as Inspected;

interface Case {
  readonly folder: string;
  readonly store: ContentStore;
}

async function saved(
  t: { after(fn: () => Promise<void>): void },
  compression: 'gzip' | 'zstd' | 'none',
): Promise<Case> {
  const folder = await temporaryFolder(t);
  const layout = join(folder, 'layout');
  makeOciLayout(layout, files, { Cmd: ['sh'] }, { reference: 'example/app:1', compression });
  const store = await openStore(join(folder, 'store'));
  t.after(async () => {
    await Promise.resolve();
    store.close();
  });
  await store.load(layout);
  await pipeline(store.save(['example/app:1']), createWriteStream(join(folder, 'saved.tar')));
  return { folder, store };
}

for (const compression of ['gzip', 'zstd', 'none'] as const)
  test(`skopeo reads a saved image as both kinds of archive (${compression})`, { skip }, async (t) => {
    const { folder, store } = await saved(t, compression);
    const image = store.resolve('example/app:1', amd64);
    const layout = inspect(`oci-archive:${folder}/saved.tar`);
    assert.equal(layout.Digest, image.manifestDigest);
    assert.deepEqual(
      layout.Layers,
      image.layers.map(({ digest }) => digest),
    );
    const docker = inspect(`docker-archive:${folder}/saved.tar`);
    assert.equal(docker.Architecture, 'amd64');
    assert.deepEqual(
      docker.Layers,
      image.layers.map(({ diffId }) => diffId),
    );
    assert.deepEqual(JSON.parse(skopeo('inspect', '--config', `docker-archive:${folder}/saved.tar:example/app:1`)), {
      ...(await store.config(image)),
    });
  });

for (const kind of ['oci-archive', 'docker-archive', 'oci'] as const)
  test(`what skopeo copies out of a saved image as ${kind} is whole`, { skip }, async (t) => {
    const { folder } = await saved(t, 'gzip');
    skopeo('copy', '-q', `oci-archive:${folder}/saved.tar`, `${kind}:${folder}/copy:example/copy:2`);
    assert.match(execFileSync('ls', [folder], { encoding: 'utf8' }), /copy/);
  });

for (const kind of ['oci-archive', 'docker-archive', 'oci'] as const)
  test(`an image that skopeo wrote as ${kind} is loaded`, { skip }, async (t) => {
    const { folder, store } = await saved(t, 'gzip');
    const target = join(folder, 'copy');
    skopeo('copy', '-q', `docker-archive:${folder}/saved.tar`, `${kind}:${target}:example/copy:2`);
    const other = await openStore(join(folder, 'other'));
    t.after(async () => {
      await Promise.resolve();
      other.close();
    });
    const [image] = await other.load(kind === 'oci' ? target : createReadStream(target));
    assert.deepEqual(image?.given, ['docker.io/example/copy:2']);
    const original = store.resolve('example/app:1', amd64);
    assert.deepEqual(
      image.layers.map(({ diffId }) => diffId),
      original.layers.map(({ diffId }) => diffId),
    );
    assert.deepEqual((await other.config(image)).config?.Cmd, ['sh']);
    assert.equal((await other.layers(image)).length, 2);
    assert.deepEqual((await other.check({ repair: false })).problems, []);
  });
