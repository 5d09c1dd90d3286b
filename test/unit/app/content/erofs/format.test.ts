import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../../../../app/content/erofs/crc32c.ts';
import { encodeDirentBlock, splitIntoBlocks } from '../../../../../app/content/erofs/directory.ts';
import { encodeDevice } from '../../../../../app/content/erofs/format.ts';
import { encodeXattrs, isStorableXattr } from '../../../../../app/content/erofs/xattr.ts';

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
      const { ends, lastSize } = splitIntoBlocks(sorted);
      assert.equal(ends.at(-1), sorted.length);
      const found = ends.flatMap((end, index) => {
        const part = sorted.slice(ends[index - 1] ?? 0, end);
        const block = Buffer.alloc(4096);
        const used = encodeDirentBlock(
          block,
          part.map((name, nid) => ({ name, nid, type: 1 })),
        );
        assert.ok(used <= 4096);
        if (index === ends.length - 1) assert.equal(used, lastSize);
        return decodeNames(block.subarray(0, used));
      });
      assert.deepEqual(found, sorted);
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

test('attributes that do not fit are told', () => {
  assert.throws(() => encodeXattrs(new Map([['user.a', Buffer.alloc(65536)]])), /65536 bytes/);
  assert.throws(() => encodeXattrs(new Map([[`user.${'a'.repeat(256)}`, Buffer.alloc(0)]])), /over 255/);
  const many = Array.from({ length: 5 }, (_, index): [string, Buffer] => [`user.${index}`, Buffer.alloc(60000)]);
  assert.throws(() => encodeXattrs(new Map(many)), /take 300/);
  assert.equal(isStorableXattr('com.apple.provenance'), false);
  assert.equal(isStorableXattr('user.'), false);
  assert.equal(isStorableXattr('system.posix_acl_access'), true);
});
