/** A store whose process is killed at any point opens again, and what it lists is whole. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { openStore } from '../../../app/content/store.ts';
import { makeOciLayout } from '../../support/oci-layout.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-crash-'));
after(() => rmSync(root, { recursive: true, force: true }));

const storeModule = new URL('../../../app/content/store.ts', import.meta.url).href;
const script = `
  import { writeSync } from 'node:fs';
  import { openStore } from ${JSON.stringify(storeModule)};
  const [, folder, ...layouts] = process.argv;
  const store = await openStore(folder);
  const say = (...words) => writeSync(1, words.join(' ') + '\\n');
  for (;;) {
    for (const layout of layouts) {
      const [image] = await store.load(layout, { onProgress: (digest) => say('blob', digest) });
      say('imported', image.manifestDigest);
      await store.layers(image, { onProgress: (diffId, unpacked) => say('layer', diffId, unpacked) });
      say('built', image.manifestDigest);
    }
    for (const image of store.list()) {
      say('removing', image.manifestDigest);
      await store.remove(image.references[0] ?? image.configDigest);
    }
    await store.collectGarbage();
  }
`;

function makeLayouts(): string[] {
  const shared = [{ path: 'shared', data: Buffer.alloc(700_000, 'shared') }];
  return [0, 1, 2].map((number) => {
    const layout = join(root, `layout-${number}`);
    const own = Array.from({ length: 30 }, (_, index) => ({
      path: `f${index}`,
      data: Buffer.alloc(20_000, String(number)),
    }));
    makeOciLayout(
      layout,
      [shared, own],
      {},
      { reference: `image:${number}`, compression: number === 1 ? 'zstd' : 'gzip' },
    );
    return layout;
  });
}

/** Runs the script until it has said so many lines, and kills it there. */
async function runUntil(lines: number, folder: string, layouts: readonly string[]): Promise<string[]> {
  const args = ['--input-type=module', '-e', script, folder, ...layouts];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  await exited;
  return said;
}

test('killed at random points, the store opens and is whole; garbage goes', async (context) => {
  const seed = Number(process.env['BERTH_TEST_SEED'] ?? Date.now() % 100_000);
  context.diagnostic(`BERTH_TEST_SEED=${seed}`);
  const layouts = makeLayouts();
  const folder = join(root, 'store');
  let state = seed;
  for (let round = 0; round < 12; round++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const said = await runUntil(1 + (state % 90), folder, layouts);
    const store = await openStore(folder);
    try {
      const listed = store.list();
      const last = said.findLast((line) => /^(imported|removing) /.test(line));
      const [verb, digest] = last?.split(' ') ?? [];
      if (verb === 'imported')
        assert.ok(
          listed.some((image) => image.manifestDigest === digest),
          last,
        );
      for (const image of listed) {
        assert.equal((await store.config(image)).rootfs.diff_ids.length, 2);
        assert.equal((await store.layers(image)).length, 2);
      }
      await store.collectGarbage();
      const blobs = new Set(
        listed.flatMap((image) => [
          image.manifestDigest,
          image.configDigest,
          ...image.layers.map(({ digest }) => digest),
        ]),
      );
      assert.equal(readdirSync(join(folder, 'blobs/sha256')).length, blobs.size);
      const diffIds = new Set(listed.flatMap((image) => image.layers.map(({ diffId }) => diffId)));
      assert.equal(readdirSync(join(folder, 'erofs')).length, diffIds.size);
      assert.deepEqual(readdirSync(join(folder, 'ingest')), []);
    } finally {
      store.close();
    }
  }
});
