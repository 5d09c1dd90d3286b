/** A disk that runs full while content comes in: a clear error, nothing lost, and room can be made. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContentStore } from '../../../app/content/store.ts';
import { openStore } from '../../../app/content/store.ts';
import { layoutArchive, makeOciLayout } from '../../support/oci-layout.ts';

const skip = process.getuid?.() === 0 ? false : 'only root can mount a small file system';
const MIB = 2 ** 20;
const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };

interface Small {
  readonly disk: string;
  readonly path: string;
  readonly layout: (name: string, bytes: number) => string;
  /** Fills the disk but for some bytes. */
  readonly fill: (left: number) => void;
  readonly open: () => Promise<ContentStore>;
}

/** A store on a file system of 16 MiB with an image of 2 MiB in it. */
function smallDisk(t: { after(fn: () => Promise<void>): void }): Small {
  const folder = mkdtempSync(join(tmpdir(), 'berth-full-'));
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const stores: ContentStore[] = [];
  t.after(() => {
    stores.at(-1)?.close();
    execFileSync('umount', [disk]);
    rmSync(folder, { recursive: true });
    return Promise.resolve();
  });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  const layout = (name: string, bytes: number): string => {
    const path = join(folder, name);
    const options = { reference: `${name}:1`, compression: 'none' } as const;
    if (!existsSync(path)) makeOciLayout(path, [[{ path: 'data', data: randomBytes(bytes) }]], {}, options);
    return path;
  };
  const path = join(disk, 'store');
  const open = async (): Promise<ContentStore> => {
    const store = await openStore(path);
    stores.push(store);
    return store;
  };
  const fill = (left: number): void => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, `ballast-${bavail}`), Buffer.alloc(Math.max(bavail * bsize - left, 0), 'x'));
  };
  return { disk, path, layout, fill, open };
}

const blobs = (path: string): number => readdirSync(join(path, 'blobs/sha256')).length;

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

for (const kind of ['folder', 'archive'] as const)
  test(
    `a load that does not fit (${kind}) is refused; what was there works, and room can be made`,
    { skip },
    async (t) => {
      const { path, layout, open } = smallDisk(t);
      const store = await open();
      await store.load(layout('kept', 2 * MIB));
      const big = layout('big', 20 * MIB);
      const full = { code: 'disk-full', hint: /image prune/ };
      await assert.rejects(store.load(kind === 'folder' ? big : once(layoutArchive(big))), full);
      assert.deepEqual([blobs(path), readdirSync(join(path, 'ingest'))], [3, []]);
      assert.equal((await store.layers(store.resolve('kept:1', amd64))).length, 1);
      assert.deepEqual((await store.check({ repair: false })).problems, []);
    },
  );

test('a layer that does not fit unpacked is refused', { skip }, async (t) => {
  const { path, layout, fill, open } = smallDisk(t);
  const store = await open();
  const [image] = await store.load(layout('kept', 2 * MIB));
  assert.ok(image);
  fill(MIB);
  await assert.rejects(store.layers(image), { code: 'disk-full' });
  assert.deepEqual(readdirSync(join(path, 'erofs')), []);
});

test(
  'on a disk without a single free block images are listed and removed, also after a restart',
  { skip },
  async (t) => {
    const { disk, path, layout, fill, open } = smallDisk(t);
    const before = await open();
    for (const name of ['one', 'two', 'three']) await before.load(layout(name, 2 * MIB));
    before.tag('one:1', 'again:1');
    before.close();
    fill(0);
    const store = await open();
    assert.equal(store.list().length, 3);
    fill(0);
    assert.equal(statfsSync(disk).bavail, 0);
    await assert.rejects(store.load(layout('four', MIB)), { code: 'disk-full' });
    assert.throws(
      () => {
        for (let count = 0; count < 5000; count++) store.tag('one:1', `name-${count}:1`);
      },
      { code: 'disk-full' },
    );
    fill(0);
    const { freed } = await store.remove('two:1');
    assert.ok(freed >= 2 * MIB);
    for (const name of readdirSync(disk)) if (name.startsWith('ballast')) rmSync(join(disk, name));
    await store.load(layout('four', MIB));
    assert.ok(existsSync(join(path, 'index.db.reserve')));
    assert.deepEqual((await store.check({ repair: false })).problems, []);
  },
);

test('the figures of a removal and of a prune are what the disk got back', { skip }, async (t) => {
  const { disk, path, layout, open } = smallDisk(t);
  const store = await open();
  for (const name of ['one', 'two']) {
    const [image] = await store.load(layout(name, 2 * MIB));
    assert.ok(image);
    await store.layers(image);
  }
  writeFileSync(join(path, 'ingest', `${'0'.repeat(64)}.resume`), Buffer.alloc(MIB));
  const free = (): number => statfsSync(disk).bavail * statfsSync(disk).bsize;
  for (const remove of [async () => (await store.remove('one:1')).freed, () => store.collectGarbage()]) {
    const before = free();
    const told = await remove();
    const got = free() - before;
    assert.ok(told >= MIB);
    // SQLite's log of the removal may have grown.
    assert.ok(Math.abs(told - got) <= 128 * 1024, `${told} told, ${got} back`);
  }
});
