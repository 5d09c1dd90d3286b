/** Layers stacked by the kernel's overlayfs show what the image specification says. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { whyNoErofsMount } from '../../support/erofs-mount.ts';
import { unpackByTar } from '../../support/gnu-tar.ts';
import { withOverlay } from '../../support/overlay.ts';
import type { TarEntrySpec } from '../../support/tar.ts';
import { makeTar } from '../../support/tar.ts';
import { listTree, type TreeEntry } from '../../support/tree.ts';

const skip = whyNoErofsMount() ?? false;
const root = mkdtempSync(join(tmpdir(), 'berth-overlay-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Paths seen through an overlay of these layers, bottom first. */
function merged(...layers: TarEntrySpec[][]): Promise<string[]> {
  return withOverlay(root, layers.map(makeTar), (view) => [...listTree(view).keys()].filter((path) => path !== ''));
}

const base: TarEntrySpec[] = [
  { path: 'a/', type: 'directory' },
  { path: 'a/b/', type: 'directory' },
  { path: 'a/b/c', data: 'c' },
  { path: 'a/d', data: 'd' },
  { path: 'e' },
  { path: 'f' },
];
const empty: TarEntrySpec[] = [{ path: './', type: 'directory' }];

test('whiteouts hide names of lower layers only', { skip }, async () => {
  assert.deepEqual(
    await merged(base, [
      { path: 'a/.wh.d' },
      { path: '.wh.e' },
      { path: '.wh.none' },
      { path: 'f' },
      { path: '.wh.f' },
    ]),
    ['a', 'a/b', 'a/b/c', 'f'],
  );
});

test('a whiteout of what no layer below has is not listed', { skip }, async () => {
  const seen = ['a', 'a/b', 'a/b/c', 'a/d', 'e', 'f', 'new'];
  assert.deepEqual(await merged(base, [{ path: 'new/', type: 'directory' }, { path: 'new/.wh.x' }]), seen);
  assert.deepEqual(await merged([...base, { path: 'new/', type: 'directory' }, { path: 'new/.wh.x' }], empty), seen);
});

test('an opaque folder hides what is below it, wherever the mark stands in the archive', { skip }, async () => {
  const mark = { path: 'a/.wh..wh..opq' };
  const content = { path: 'a/new' };
  for (const top of [
    [mark, content],
    [content, mark],
  ])
    assert.deepEqual(await merged(base, top), ['a', 'a/new', 'e', 'f']);
});

test('a folder that is removed and made anew is empty of old things', { skip }, async () => {
  const whiteout = { path: 'a/.wh.b' };
  const again: TarEntrySpec[] = [{ path: 'a/b/', type: 'directory' }, { path: 'a/b/new' }];
  for (const top of [
    [whiteout, ...again],
    [...again, whiteout],
  ])
    assert.deepEqual(await merged(base, top), ['a', 'a/b', 'a/b/new', 'a/d', 'e', 'f']);
});

test('a file takes the place of a folder, and a folder that of a file', { skip }, async () => {
  assert.deepEqual(await merged(base, [{ path: 'a' }, { path: 'e/', type: 'directory' }, { path: 'e/g' }]), [
    'a',
    'e',
    'e/g',
    'f',
  ]);
});

test("a layer can't use overlayfs's own attributes", { skip }, async () => {
  const xattrs = { 'trusted.overlay.redirect': '/a/b', 'trusted.overlay.opaque': 'y' };
  assert.deepEqual(await merged(base, [{ path: 'a/', type: 'directory', xattrs }]), [
    'a',
    'a/b',
    'a/b/c',
    'a/d',
    'e',
    'f',
  ]);
});

test('a layer of nothing changes nothing', { skip }, async () => {
  assert.deepEqual(await merged(base, empty, []), ['a', 'a/b', 'a/b/c', 'a/d', 'e', 'f']);
});

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const spec = fc.record({
  path,
  type: fc.constantFrom('file', 'file', 'directory', 'directory', 'symlink', 'hardlink', 'character-device'),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.nat(100_000),
  mtime: fc.nat(2 ** 31),
  data: fc.string(),
  linkTarget: path,
  device: fc.constant([1, 3] as const),
});
type Spec = typeof spec extends fc.Arbitrary<infer T> ? T : never;

/** A layer whose every folder is described, of which GNU tar makes the same tree. */
function layerOf(specs: readonly Spec[]): TarEntrySpec[] {
  const entries = new Map<string, Spec>();
  for (const one of specs) {
    const above = one.path.split('/').slice(0, -1);
    const parents = above.map((_, index) => above.slice(0, index + 1).join('/'));
    if (entries.has(one.path) || parents.some((parent) => (entries.get(parent)?.type ?? 'directory') !== 'directory'))
      continue;
    const target = entries.get(one.linkTarget);
    if (one.type === 'hardlink' && (!target || ['directory', 'hardlink'].includes(target.type))) continue;
    for (const parent of parents)
      if (!entries.has(parent)) entries.set(parent, { ...one, path: parent, type: 'directory', mode: 0o755 });
    entries.set(one.path, one);
  }
  return [...entries.values()].map((one) => ({ ...one, data: one.type === 'file' ? one.data : '' }));
}

const marks = fc.array(fc.record({ path, opaque: fc.boolean() }), { maxLength: 5 });
type Marks = typeof marks extends fc.Arbitrary<infer T> ? T : never;

/** The marks that stand in folders which the layer describes: an archive that marks more describes those, too. */
function marksOf(layer: readonly TarEntrySpec[], found: Marks): TarEntrySpec[] {
  const isFolder = (at: string): boolean =>
    at === '' || layer.some((entry) => entry.path === at && entry.type === 'directory');
  return found.flatMap(({ path: at, opaque }): TarEntrySpec[] => {
    const slash = at.lastIndexOf('/');
    const [above, last] = [at.slice(0, Math.max(slash, 0)), at.slice(slash + 1)];
    if (opaque) return isFolder(at) ? [{ path: `${at}/.wh..wh..opq` }] : [];
    return isFolder(above) ? [{ path: `${above === '' ? '' : `${above}/`}.wh.${last}` }] : [];
  });
}

/** What the image specification says of a layer's marks and entries, done to a folder (layer.md, "Applying Changesets"). */
function apply(folder: string, layer: readonly TarEntrySpec[], found: readonly TarEntrySpec[]): void {
  const below = listTree(folder);
  const remove = (at: string): void => {
    if (below.has(at)) rmSync(join(folder, at), { recursive: true, force: true });
  };
  for (const { path: mark } of found) {
    const at = String(mark);
    if (!at.endsWith('.wh..wh..opq')) remove(at.replace(/\.wh\.([^/]*)$/, '$1'));
    else for (const child of ['a', 'b', 'c']) remove(at.replace('.wh..wh..opq', child));
  }
  for (const { path: at, type } of layer) {
    const isFolder = below.get(String(at))?.mode.startsWith('4') ?? false;
    if (!(isFolder && type === 'directory')) remove(String(at));
  }
  const archive = join(root, 'layer.tar');
  writeFileSync(archive, makeTar([{ path: './', type: 'directory' }, ...layer]));
  unpackByTar(archive, folder);
}

/** Without the numbers of names: an overlay still counts those that a layer above hides. */
const withoutLinks = (tree: Map<string, TreeEntry>): [string, TreeEntry][] =>
  [...tree].map(([at, entry]) => [at, { ...entry, links: 0n }]);

test('generated layers with marks show what the specification says, done to a folder', { skip }, async () => {
  const layers = fc.array(fc.tuple(fc.array(spec, { maxLength: 8 }), marks), { minLength: 2, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(layers, async (found) => {
      const folder = join(root, 'applied');
      mkdirSync(folder);
      try {
        const archives = found.map(([specs, marked]) => {
          const layer = layerOf(specs);
          const markers = marksOf(layer, marked);
          apply(folder, layer, markers);
          return makeTar([{ path: './', type: 'directory' }, ...layer, ...markers]);
        });
        const expected = withoutLinks(listTree(folder));
        assert.deepEqual(await withOverlay(root, archives, (view) => withoutLinks(listTree(view))), expected);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
});
