/** Generated trees with everything that a layer can hold: the image equals GNU tar's unpacking, the overlay the layers' meaning. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { equalsGnuTar } from '../../support/gnu-tar.ts';
import { whyNoErofsMount } from '../../support/erofs-mount.ts';
import type { TarEntrySpec } from '../../support/tar.ts';
import { makeTar } from '../../support/tar.ts';

const skip = whyNoErofsMount() ?? false;
const root = mkdtempSync(join(tmpdir(), 'berth-trees-'));
after(() => rmSync(root, { recursive: true, force: true }));

const isName = (name: Buffer): boolean =>
  !/^(\.|\.\.|\.wh\..*)$/s.test(name.toString('latin1')) && !name.includes(0x2f) && !name.includes(0);
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd').map((text) => Buffer.from(text)),
  fc.uint8Array({ min: 1, minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 200, max: 255 }).map((length) => Buffer.alloc(length, 'long')),
);
const path = fc
  .array(name.filter(isName), { minLength: 1, maxLength: 8 })
  .map((names) => Buffer.concat(names.flatMap((part) => [Buffer.from('/'), part])));
/** What ext4, on which GNU tar unpacks, can hold: 1901 to 2446, without the seconds at both ends, which it cuts off. */
const mtime = fc
  .tuple(fc.integer({ min: -(2 ** 31) + 2, max: 15_032_385_533 }), fc.nat(999_999_999))
  .map(([seconds, fraction]) => `${seconds}.${String(fraction).padStart(9, '0')}`);
const value = fc.uint8Array({ minLength: 1, maxLength: 700 }).map((bytes) => Buffer.from(bytes));
/** vfs_cap_data, version 2 (linux/capability.h). */
const capability = fc.tuple(fc.nat(2 ** 31), fc.nat(2 ** 8)).map(([low, high]) => {
  const data = Buffer.alloc(20);
  [0x0200_0001, low, 0, high, 0].forEach((word, index) => data.writeUInt32LE(word, index * 4));
  return data;
});
const ofAll = { 'trusted.t': value, 'security.s': value };
const common = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.nat(70_000), fc.integer({ min: 0, max: 0xffff_fffe })),
  gid: fc.oneof(fc.nat(70_000), fc.integer({ min: 0, max: 0xffff_fffe })),
  mtime,
};
const content = fc.tuple(fc.nat(255), fc.oneof(fc.nat(9000), fc.constantFrom(0, 4032, 4096, 200_000)));
/** Runs of whole blocks, as GNU tar makes them: it takes each run's data from the next block on. */
const sparse = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 1, max: 18 })), { minLength: 1, maxLength: 5 }),
    fc.nat(90_000),
  )
  .map(([gaps, tail]) => {
    let at = 0;
    const runs = gaps.map(([gap, length]): readonly [number, number] => {
      const offset = at + gap * 512;
      at = offset + length * 512;
      return [offset, length * 512];
    });
    return { size: at + tail, runs };
  });

const file = fc.record(
  {
    ...common,
    content,
    xattrs: fc.record(
      { ...ofAll, 'user.u': value, 'user.ü=%': value, 'security.capability': capability },
      { requiredKeys: [] },
    ),
    sparse: fc.option(sparse, { nil: undefined, freq: 5 }),
  },
  { requiredKeys: ['content', 'mtime', 'mode'] },
);
const folder = fc.record({ ...common, xattrs: fc.record({ ...ofAll, 'user.u': value }, { requiredKeys: [] }) });
const other = fc.record({
  ...common,
  xattrs: fc.record(ofAll, { requiredKeys: [] }),
  type: fc.constantFrom('symlink', 'fifo', 'character-device', 'block-device'),
  linkTarget: fc.oneof(
    path,
    fc.integer({ min: 1, max: 4000 }).map((length) => Buffer.alloc(length, 'target/')),
  ),
  device: fc.tuple(fc.nat(0xfff), fc.nat(0xf_ffff)),
});
const thing = fc.oneof(
  file.map(({ content: [byte, size], ...spec }): Omit<TarEntrySpec, 'path'> => {
    const length = spec.sparse ? spec.sparse.runs.reduce((sum, [, run]) => sum + run, 0) : size;
    return { ...spec, data: Buffer.alloc(length, byte) };
  }),
  folder.map((spec): Omit<TarEntrySpec, 'path'> => ({ ...spec, type: 'directory' })),
  other.map((spec): Omit<TarEntrySpec, 'path'> => spec),
);

/** Entries that GNU tar takes too: folders first, nothing below what is no folder, links last. */
const tree = fc
  .tuple(fc.array(fc.tuple(path, thing), { maxLength: 30 }), fc.array(fc.tuple(fc.nat(), path), { maxLength: 6 }))
  .map(([things, links]): TarEntrySpec[] => {
    const entries = new Map<string, TarEntrySpec>();
    const add = (at: Buffer, spec: Omit<TarEntrySpec, 'path'>): void => {
      const key = at.toString('latin1');
      const parents = [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index)).filter((above) => above !== '');
      const isFree = parents.every((above) => !entries.has(above) || entries.get(above)?.type === 'directory');
      if (!isFree || entries.has(key)) return;
      for (const above of parents)
        if (!entries.has(above)) entries.set(above, { path: tarPath(above), type: 'directory' });
      entries.set(key, { ...spec, path: tarPath(key) });
    };
    for (const [at, spec] of things) add(at, spec);
    const named = [...entries.values()].filter(({ type }) => type !== 'directory');
    for (const [which, at] of links) {
      const target = named[which % Math.max(named.length, 1)];
      if (target) add(at, { type: 'hardlink', linkTarget: target.path });
    }
    const all = [...entries.values()];
    return [
      ...all.filter(({ type }) => type === 'directory'),
      ...all.filter(({ type }) => type !== 'directory' && type !== 'hardlink'),
      ...all.filter(({ type }) => type === 'hardlink'),
    ];
  });

const tarPath = (key: string): Buffer => Buffer.from(`.${key}`, 'latin1');

test('generated trees equal what GNU tar unpacks', { skip }, async () => {
  const archive = join(root, 'generated.tar');
  await fc.assert(
    fc.asyncProperty(tree, async (entries) => {
      writeFileSync(archive, makeTar(entries));
      assert.ok((await equalsGnuTar(archive, root)) >= entries.length);
    }),
    { numRuns: 60 },
  );
});

test('a folder of many names and folders far below each other equal what GNU tar unpacks', { skip }, async () => {
  const archive = join(root, 'wide.tar');
  const wide = Array.from({ length: 6000 }, (_, index): TarEntrySpec => ({
    path: `./wide/${'n'.repeat(index % 90)}${index}`,
  }));
  const steps = Array.from({ length: 200 }, (_, index) => `d${index}`);
  const deep = steps.map((_, index): TarEntrySpec => ({
    path: `./${steps.slice(0, index + 1).join('/')}`,
    type: 'directory',
  }));
  const far: TarEntrySpec = { path: `./${steps.join('/')}/file`, data: 'far down' };
  writeFileSync(archive, makeTar([{ path: './wide', type: 'directory' }, ...wide, ...deep, far]));
  assert.ok((await equalsGnuTar(archive, root)) > 6200);
});
