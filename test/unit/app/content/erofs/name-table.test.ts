import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeSort } from '../../../../../app/content/erofs/merge-sort.ts';
import { DOT, DOT_DOT, NameTable } from '../../../../../app/content/erofs/name-table.ts';

const name = fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

test('a name is found in its folder, by the number that it was given', () => {
  const names = fc.array(fc.tuple(fc.nat(3), fc.oneof(name, fc.constantFrom('a', 'b', '.', '..'))), { maxLength: 300 });
  fc.assert(
    fc.property(names, names, (given, others) => {
      const table = new NameTable(300, 3000);
      const model = new Map<string, number>();
      for (const [folder, text] of given) {
        const id = table.ensure(folder, text);
        assert.equal(id, model.get(`${folder}/${text}`) ?? table.count - 1);
        model.set(`${folder}/${text}`, id);
        assert.equal(table.folder(id), folder);
        const bytes = Buffer.alloc(10);
        assert.equal(bytes.toString('latin1', 0, table.copy(id, bytes, 0)), text);
      }
      for (const [folder, text] of [...given, ...others])
        assert.equal(table.find(folder, text), model.get(`${folder}/${text}`));
      table.free();
    }),
  );
});

test('thousands of names are found however often the index has grown', () => {
  const table = new NameTable(20_000, 200_000);
  for (let n = 0; n < 20_000; n++) assert.equal(table.ensure(n % 7, `name-${n}`), n + 2);
  for (let n = 0; n < 20_000; n++) assert.equal(table.find(n % 7, `name-${n}`), n + 2);
  assert.equal(table.find(1, 'name-0'), undefined);
  table.free();
});

test('what a name stands for may change; whether it hides lasts', () => {
  const table = new NameTable(10, 100);
  const id = table.ensure(0, 'a');
  assert.equal(table.type(id), 0);
  table.hide(id);
  table.assign(id, { type: 1, value: 0xffff_fffe, shared: true });
  assert.deepEqual(
    [table.type(id), table.value(id), table.isShared(id), table.hides(id)],
    [1, 0xffff_fffe, true, true],
  );
  table.assign(id, { type: 7, value: 3 });
  assert.deepEqual([table.type(id), table.value(id), table.isShared(id), table.hides(id)], [7, 3, false, true]);
  table.free();
});

test('names sort by their bytes, with those that every folder has', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 100 }), (given) => {
      const texts = given.filter((text) => text !== '.' && text !== '..');
      const table = new NameTable(100, 1000);
      const ids = Uint32Array.from([DOT_DOT, ...texts.map((text) => table.ensure(0, text)), DOT]);
      mergeSort(ids, new Uint32Array(ids.length), (a, b) => table.compare(a, b));
      const bytes = Buffer.alloc(10);
      const sorted = [...ids].map((id) => bytes.toString('latin1', 0, table.copy(id, bytes, 0)));
      assert.deepEqual(sorted, [...texts, '.', '..'].sort());
      table.free();
    }),
  );
});
