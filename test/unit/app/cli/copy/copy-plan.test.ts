import assert from 'node:assert/strict';
import { isAbsolute, win32 } from 'node:path';
import { test } from 'node:test';
import { parsePlace, planCopy, renamed, splitPath, type CopyTarget } from '../../../../../app/cli/copy/copy-plan.ts';

const file = { name: 'f', ownName: 'f', isFolder: false };
const folder = { name: 'd', ownName: 'd', isFolder: true };
const contents = { name: '.', ownName: '.', isFolder: true };
const linked = { name: 'target', ownName: 'link', isFolder: false };

/** Source, path of the target, what is there; then the folder to unpack into and the name there, or the error. */
const table: [typeof file, string, CopyTarget['kind'], [string, string] | RegExp][] = [
  [file, '/a', 'folder', ['/a', 'f']],
  [file, '/a/new', 'nothing', ['/a', 'new']],
  [file, '/new', 'nothing', ['/', 'new']],
  [file, '/a/old', 'file', ['/a', 'old']],
  [file, '/a/new/', 'nothing', /no folder/],
  [file, '/a/new/.', 'nothing', /no folder/],
  [file, '/a/old/', 'file', /not a folder/],
  [file, '/dev/null', 'other', /neither a folder/],
  [folder, '/a', 'folder', ['/a', 'd']],
  [folder, '/a/new', 'nothing', ['/a', 'new']],
  [folder, '/a/new/', 'nothing', ['/a', 'new']],
  [folder, '/a/old', 'file', /cannot be copied onto/],
  [contents, '/a', 'folder', ['/a', '.']],
  [contents, '/a/new', 'nothing', ['/a', 'new']],
  [contents, '/a/old', 'file', /cannot be copied onto/],
  [linked, '/a', 'folder', ['/a', 'link']],
  [linked, '/a/new', 'nothing', ['/a', 'new']],
  [file, 'relative', 'nothing', ['.', 'relative']],
];

for (const [source, path, kind, wanted] of table)
  test(`${source.isFolder ? 'folder' : 'file'} ${source.name} to ${path}, where there is ${kind}`, () => {
    const plan = () => planCopy(source, { path, kind });
    if (wanted instanceof RegExp) assert.throws(plan, wanted);
    else assert.deepEqual(plan(), { into: wanted[0], from: source.name, to: wanted[1] });
  });

test('members get their new names; what is not beneath the source has none', () => {
  const names = { from: 'd', to: 'new' };
  assert.deepEqual(
    ['d/', 'd', 'd/a/b', 'dd/x', '../d', '/d/x'].map((name) => renamed(name, names)),
    ['new', 'new', 'new/a/b', undefined, undefined, undefined],
  );
  assert.deepEqual(
    ['./', './x', 'x'].map((name) => renamed(name, { from: '.', to: 'new' })),
    ['new', 'new/x', undefined],
  );
});

test('paths of Windows are split at their own separator', () => {
  assert.deepEqual(splitPath('C:\\a\\b', '\\'), { folder: 'C:\\a', name: 'b' });
  assert.deepEqual(splitPath('C:\\a\\b\\', '\\'), { folder: 'C:\\a', name: 'b' });
});

test('CONTAINER:PATH is told from local paths', () => {
  const place = (text: string) => parsePlace(text, isAbsolute);
  assert.deepEqual(place('web:/etc'), { kind: 'container', container: 'web', path: '/etc' });
  assert.deepEqual(place('web:etc/'), { kind: 'container', container: 'web', path: '/etc/' });
  assert.deepEqual(place('web:'), { kind: 'container', container: 'web', path: '/' });
  for (const text of ['-', 'file', './a:b', '/a:b', '../web:x', ':x'])
    assert.deepEqual(place(text), { kind: 'local', path: text });
  assert.deepEqual(
    parsePlace('C:\\x', (path) => win32.isAbsolute(path)),
    { kind: 'local', path: 'C:\\x' },
  );
});
