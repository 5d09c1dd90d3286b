import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContentStore } from '../../../../app/content/store.ts';
import type { Digest } from '../../../../app/content/digest.ts';
import { openStore } from '../../../../app/content/store.ts';
import { makeOciLayout, type MadeLayout } from '../../../support/oci-layout.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

interface Case {
  readonly store: ContentStore;
  readonly made: MadeLayout;
  readonly layout: string;
  readonly blob: (digest: string | undefined) => string;
  readonly layer: (diffId: string | undefined) => string;
}

const hex = (digest = ''): string => digest.slice('sha256:'.length);

async function prepared(t: { after(fn: () => Promise<void>): void }): Promise<Case> {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'store');
  const layout = join(folder, 'layout');
  const store = await openStore(path);
  t.after(async () => {
    await Promise.resolve();
    store.close();
  });
  const made = makeOciLayout(
    layout,
    [[{ path: 'a', data: Buffer.alloc(9000, 'a') }], [{ path: 'b' }]],
    {},
    { reference: 'app:1' },
  );
  const [image] = await store.load(layout);
  assert.ok(image);
  await store.layers(image);
  return {
    ...{ store, made, layout },
    blob: (digest) => join(path, 'blobs/sha256', hex(digest)),
    layer: (diffId) => join(path, 'erofs', `${hex(diffId)}.erofs`),
  };
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1));
}

const name = 'docker.io/library/app:1';

test('a whole store has no findings', async (t) => {
  const { store } = await prepared(t);
  assert.deepEqual(await store.check({ repair: false }), { blobs: 4, layers: 2, images: 1, problems: [] });
});

test('every kind of damage is found, and its repair lets the image be got again', async (t) => {
  const damages: readonly [(to: Case) => string, string][] = [
    [({ blob, made }) => blob(made.layers[0]?.digest), 'blob'],
    [({ blob, made }) => blob(made.configDigest), 'blob'],
    [({ blob, made }) => blob(made.manifestDigest), 'blob'],
    [({ layer, made }) => layer(made.layers[0]?.diffId), 'layer'],
  ];
  for (const [fileOf, kind] of damages)
    for (const damage of [flip, rmSync, (path: string) => truncateSync(path, 1)]) {
      const to = await prepared(t);
      damage(fileOf(to));
      const { problems } = await to.store.check({ repair: false });
      assert.deepEqual(
        problems.map((problem) => [problem.kind, problem.images, problem.repaired]),
        [[kind, [name], false]],
      );
      assert.equal((await to.store.check({ repair: true })).problems.length, 1);
      await to.store.load(to.layout);
      assert.deepEqual((await to.store.check({ repair: false })).problems, []);
      assert.equal(
        (await to.store.layers(to.store.resolve('app:1', { os: 'linux', architecture: 'amd64', variant: undefined })))
          .length,
        2,
      );
      assert.deepEqual((await to.store.check({ repair: false })).problems, []);
    }
});

test('a repair says what it removed', async (t) => {
  const { store, blob, layer, made } = await prepared(t);
  flip(blob(made.layers[0]?.digest));
  flip(layer(made.layers[1]?.diffId));
  rmSync(blob(made.layers[1]?.digest));
  const { problems } = await store.check({ repair: true });
  const told = problems.map(({ kind, problem, repaired }) => [kind, problem, repaired]).sort();
  assert.deepEqual(told, [
    ['blob', 'it is missing', false],
    ['blob', 'its content is damaged', true],
    ['layer', 'it is not as it was built', true],
  ]);
  const again = await store.check({ repair: true });
  assert.deepEqual(
    again.problems.map(({ kind, problem }) => [kind, problem]),
    [
      ['blob', 'it is missing'],
      ['blob', 'it is missing'],
    ],
  );
});

test('a name that stands for no image is found, and goes by a repair', async (t) => {
  const { store, made } = await prepared(t);
  const digest = made.layers[0]?.digest as Digest;
  await store.pull('docker.io/library/ghost:1', () => Promise.resolve({ target: digest, images: [] }));
  for (const [repair, found] of [
    [false, 1],
    [true, 1],
    [false, 0],
  ] as const) {
    const { problems } = await store.check({ repair });
    const expected = {
      kind: 'image',
      id: digest,
      problem: 'no image of it is here',
      images: ['docker.io/library/ghost:1'],
    };
    assert.deepEqual(problems, new Array(found).fill({ ...expected, repairable: true, repaired: repair }));
  }
});

test('a check that is given up ends', async (t) => {
  const { store } = await prepared(t);
  const reason = new Error('given up');
  await assert.rejects(store.check({ repair: false, signal: AbortSignal.abort(reason) }), reason);
});

test('use is in blocks of the disk, and counts what comes back', async (t) => {
  const { store, made } = await prepared(t);
  const idle = await store.use(new Set());
  assert.deepEqual([idle.images, idle.active], [1, 0]);
  assert.ok(idle.reclaimableBytes >= 2 * 4096 && idle.reclaimableBytes < idle.hostBytes);
  const { freed } = await store.remove('app:1');
  assert.equal(freed, idle.reclaimableBytes);
  assert.ok((await store.use(new Set())).hostBytes <= idle.hostBytes - freed + 2 ** 16);
  assert.equal((await store.use(new Set([made.configDigest]))).active, 0);
});
