import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layerPath } from '../../../../../app/content/layer/path.ts';
import { markerOf } from '../../../../../app/content/layer/whiteout.ts';

for (const [path, components] of [
  ['a/b', ['a', 'b']],
  ['./a/b/', ['a', 'b']],
  ['/a//b', ['a', 'b']],
  ['a/./../b', ['b']],
  ['./', []],
  ['/', []],
  ['...', ['...']],
] as const)
  test(`${path} is ${JSON.stringify(components)}`, () => {
    assert.deepEqual(layerPath(path), components);
  });

for (const path of ['..', '../a', '/../a', 'a/../../b', './..', 'x'.repeat(256), 'a/'.repeat(3000)])
  test(`${path.slice(0, 20)} is refused`, () => {
    assert.throws(() => layerPath(path), { name: 'TarFormatError' });
  });

test('no path leaves the root', () => {
  const path = fc.array(fc.constantFrom('a', '..', '.', '', 'b')).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, (given) => {
      let components: string[];
      try {
        components = layerPath(given);
      } catch {
        return;
      }
      assert.ok(components.every((component) => !['', '.', '..'].includes(component) && !component.includes('/')));
    }),
  );
});

for (const [path, marker] of [
  ['a/b', { kind: 'none' }],
  ['a/.wh.b', { kind: 'whiteout', name: 'b' }],
  ['.wh.b', { kind: 'whiteout', name: 'b' }],
  ['a/.wh..wh..opq', { kind: 'opaque' }],
  ['.wh..wh.plnk/1.2', { kind: 'ignored' }],
  ['.wh..wh.aufs', { kind: 'ignored' }],
  ['a/.wh.', { kind: 'invalid' }],
  ['a/.wh..', { kind: 'invalid' }],
  ['a/.wh...', { kind: 'invalid' }],
  ['.wh.a/b', { kind: 'invalid' }],
  ['.wh', { kind: 'none' }],
] as const)
  test(`${path} marks ${JSON.stringify(marker)}`, () => {
    assert.deepEqual(markerOf(path.split('/')), marker);
  });
