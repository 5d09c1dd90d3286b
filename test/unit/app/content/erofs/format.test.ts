import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../../../../app/content/erofs/crc32c.ts';
import { directorySize, encodeDirentBlock, fillBlock } from '../../../../../app/content/erofs/directory.ts';
import { encodeDevice } from '../../../../../app/content/erofs/format.ts';
import { NameTable } from '../../../../../app/content/erofs/name-table.ts';
import { decodeXattrs, encodeXattrs, isStorableXattr } from '../../../../../app/content/erofs/xattr.ts';

test('CRC-32C of the check string, without the final inversion', () => {
  assert.equal(~crc32c(Buffer.from('123456789')) >>> 0, 0xe306_9283);
});

test('device numbers as the kernel encodes them', () => {
  assert.equal(encodeDevice(0, 0), 0);
  assert.equal(encodeDevice(1, 3), 0x103);
  assert.equal(encodeDevice(0xfff, 0xf_ffff), 0xffff_ffff);
  assert.equal(encodeDevice(8, 0x12345), 0x1230_0845);
});

test('directory blocks hold every name once, in order, and never more than a block', () => {
  const names = fc.uniqueArray(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 255 }), { maxLength: 400 });
  fc.assert(
    fc.property(names, (given) => {
      const sorted = ['.', '..', ...given.filter((name) => name !== '.' && name !== '..')].sort();
      const table = new NameTable(sorted.length, 255 * sorted.length);
      const ids = sorted.map((name) => table.ensure(0, name));
      const found: string[] = [];
      let size = 0;
      for (let from = 0; from < ids.length; from = found.length) {
        const { end, bytes } = fillBlock(table, ids, from);
        assert.ok(bytes <= 4096);
        const block = Buffer.alloc(4096);
        encodeDirentBlock(block, table, ids.slice(from, end), (id) => ({ nid: id, type: 1 }));
        found.push(...decodeNames(block.subarray(0, bytes)));
        size += end < ids.length ? 4096 : bytes;
      }
      assert.deepEqual(found, sorted);
      assert.equal(directorySize(table, ids), size);
      table.free();
    }),
    { numRuns: 100 },
  );
});

function decodeNames(block: Buffer): string[] {
  const count = block.readUInt16LE(8) / 12;
  return Array.from({ length: count }, (_, index) => {
    const start = block.readUInt16LE(index * 12 + 8);
    const end = index + 1 < count ? block.readUInt16LE((index + 1) * 12 + 8) : block.length;
    return block.toString('latin1', start, end);
  });
}

test('extended attributes: header, index of the prefix, name, value, aligned to 4 bytes', () => {
  const area = encodeXattrs(
    new Map([
      ['user.b', Buffer.from('12345')],
      ['security.capability', Buffer.from([1])],
    ]),
  );
  assert.equal(
    area.toString('hex', 12),
    '0a060100' +
      Buffer.from('capability').toString('hex') +
      '01' +
      '00' +
      '01010500' +
      '62' +
      Buffer.from('12345').toString('hex') +
      '0000',
  );
  assert.equal(encodeXattrs(new Map()).length, 0);
});

test('what was encoded is decoded', () => {
  const key = fc.oneof(
    fc.constantFrom('system.posix_acl_access', 'system.posix_acl_default', 'security.capability'),
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 }).map((name) => `user.${name}`),
  );
  const value = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 5 }), (entries) => {
      const xattrs = new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
      assert.deepEqual([...decodeXattrs(encodeXattrs(xattrs))], [...xattrs]);
    }),
  );
});

test('attributes that do not fit are told', () => {
  assert.throws(() => encodeXattrs(new Map([['user.a', Buffer.alloc(65536)]])), /65536 bytes/);
  assert.throws(() => encodeXattrs(new Map([[`user.${'a'.repeat(256)}`, Buffer.alloc(0)]])), /over 255/);
  const many = Array.from({ length: 5 }, (_, index): [string, Buffer] => [`user.${index}`, Buffer.alloc(60000)]);
  assert.throws(() => encodeXattrs(new Map(many)), /take 300/);
  assert.equal(isStorableXattr('com.apple.provenance'), false);
  assert.equal(isStorableXattr('user.'), false);
  assert.equal(isStorableXattr('system.posix_acl_access'), true);
});
