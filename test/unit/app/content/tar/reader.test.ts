import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TarEntry } from '../../../../../app/content/tar/entry.ts';
import { TarFormatError } from '../../../../../app/content/tar/entry.ts';
import { TarReader } from '../../../../../app/content/tar/reader.ts';
import type { TarEntrySpec } from '../../../../support/tar.ts';
import { makeTar, padded, paxRecord, tarHeader, tarMember, withChecksum } from '../../../../support/tar.ts';

interface Read {
  entry: TarEntry;
  data: Buffer;
}

/** Reads an archive that comes in pieces of these sizes (repeated). */
function read(archive: Buffer, sizes: readonly number[] = [archive.length || 1]): Read[] {
  const found: Read[] = [];
  const reader = new TarReader({
    entry: (entry) => found.push({ entry, data: Buffer.alloc(0) }),
    data: (piece) => {
      const last = found.at(-1);
      if (last) last.data = Buffer.concat([last.data, piece]);
    },
    end: () => undefined,
  });
  for (let from = 0, turn = 0; from < archive.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.write(archive.subarray(from, from + size));
    from += size;
  }
  reader.end();
  return found;
}

const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const name = fc
  .uint8Array({ min: 1, minLength: 1, maxLength: 150 })
  .map((array) => Buffer.from(array.map((byte) => (byte === 0x2f ? 0x2e : byte))));
const entry: fc.Arbitrary<TarEntrySpec> = fc.record({
  path: name,
  data: bytes(3000),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 0xfffffffe }),
  gid: fc.integer({ min: 0, max: 0xfffffffe }),
  mtime: fc
    .tuple(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 999999999 }))
    .map(([seconds, nanoseconds]) => `${seconds}.${String(nanoseconds).padStart(9, '0')}`),
  xattrs: fc.dictionary(fc.constantFrom('user.a', 'user.b', 'security.capability', 'user.odd=%name'), bytes(300)),
});

test('what was written is read, in pieces of any size', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1 }),
      (specs, sizes) => {
        // The key of a PAX record ends at its first equals sign, so GNU tar escapes it.
        const escape = (key: string): string => key.replaceAll('%', '%25').replaceAll('=', '%3D');
        const written = specs.map((spec) => ({
          ...spec,
          xattrs: Object.fromEntries(Object.entries(spec.xattrs ?? {}).map(([key, value]) => [escape(key), value])),
        }));
        const found = read(makeTar(written), sizes);
        assert.deepEqual(
          found.map(({ entry: { path, mode, uid, gid, mtime, xattrs }, data }) => ({
            path: Buffer.from(path, 'latin1').toString('hex'),
            owner: [mode, uid, gid],
            mtime: `${mtime.seconds}.${String(mtime.nanoseconds).padStart(9, '0')}`,
            xattrs: [...xattrs].sort().map(([key, value]) => [key, value.toString('hex')]),
            data: data.toString('hex'),
          })),
          specs.map((spec) => ({
            path: Buffer.from(spec.path).toString('hex'),
            owner: [spec.mode, spec.uid, spec.gid],
            mtime: spec.mtime,
            xattrs: Object.entries(spec.xattrs ?? {})
              .sort()
              .map(([key, value]) => [key, Buffer.from(value).toString('hex')]),
            data: Buffer.from(spec.data ?? '').toString('hex'),
          })),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('any damage is either harmless or a format error', () => {
  const archive = makeTar([
    { path: 'a', data: 'hello', xattrs: { 'user.x': 'y' }, mtime: '1.5' },
    { path: 'd/', type: 'directory' },
    { path: 'l', type: 'symlink', linkTarget: 'x'.repeat(120) },
  ]);
  const change = fc.tuple(
    fc.integer({ min: 0, max: archive.length - 1 }),
    fc.integer({ min: 0, max: 255 }),
    fc.boolean(),
  );
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: archive.length }),
      (changes, cut) => {
        const damaged = Buffer.from(archive);
        for (const [at, value, repair] of changes) {
          damaged[at] = value;
          const block = damaged.subarray(at - (at % 512), at - (at % 512) + 512);
          if (repair) withChecksum(block);
        }
        try {
          read(damaged.subarray(0, damaged.length - cut));
        } catch (error) {
          if (!(error instanceof TarFormatError)) throw error;
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('an archive that stops within a member is refused, with the member named', () => {
  const archive = Buffer.concat(tarMember({ path: 'some/file', data: 'x'.repeat(1000) }));
  for (const size of [1, 511, 512 + 1, 512 + 999, 512 + 1001]) {
    const expected = size < 512 ? /cut off/ : { message: /cut off/, entry: 'some/file' };
    assert.throws(() => read(archive.subarray(0, size)), expected);
  }
  const extended = Buffer.concat(tarMember({ path: 'y'.repeat(150) }));
  assert.throws(() => read(extended.subarray(0, 1024)), /cut off/);
});

test('an archive may lack its end mark, have padding behind it, or be empty', () => {
  const member = Buffer.concat(tarMember({ path: 'a' }));
  assert.equal(read(member).length, 1);
  assert.equal(read(Buffer.concat([makeTar([{ path: 'a' }]), Buffer.alloc(9000), Buffer.from('anything')])).length, 1);
  assert.equal(read(Buffer.alloc(0)).length, 0);
  assert.throws(() => read(Buffer.concat([Buffer.alloc(512), member])), /after its end mark/);
});

test('GNU long names and links, then PAX ones, take the place of those in the header', () => {
  const long = (flag: string, value: string): Buffer[] => {
    const body = Buffer.from(`${value}\0`);
    return [tarHeader({ path: Buffer.from('././@LongLink'), flag, size: body.length }), padded(body)];
  };
  const member = tarHeader({ path: Buffer.from('short'), flag: '2', size: 0, link: Buffer.from('short') });
  const [gnu] = read(Buffer.concat([...long('L', 'n'.repeat(300)), ...long('K', 't'.repeat(300)), member]));
  assert.equal(gnu?.entry.path, 'n'.repeat(300));
  assert.equal(gnu.entry.linkTarget, 't'.repeat(300));
  const pax = paxRecord('path', 'from pax');
  const header = tarHeader({ path: Buffer.from('x'), flag: 'x', size: pax.length });
  const [both] = read(Buffer.concat([...long('L', 'from gnu'), header, padded(pax), member]));
  assert.equal(both?.entry.path, 'from pax');
});

test('numbers too large for octal digits are read in base 256, negative ones too', () => {
  const header = tarHeader({ path: Buffer.from('a'), flag: '0', size: 0 });
  header.fill(0, 108, 116);
  header.writeUInt8(0x80, 108);
  header.writeUInt32BE(4_000_000_000, 112);
  header.fill(0xff, 136, 148);
  const [found] = read(withChecksum(header));
  assert.equal(found?.entry.uid, 4_000_000_000);
  assert.deepEqual(found.entry.mtime, { seconds: -1, nanoseconds: 0 });
});

const broken: readonly (readonly [what: string, archive: () => Buffer, message: RegExp])[] = [
  ['wrong checksum', () => tarHeader({ path: Buffer.from('a'), flag: '0', size: 0 }).fill(0x41, 0, 3), /checksum/],
  ['unknown type', () => tarHeader({ path: Buffer.from('a'), flag: 'Q', size: 0 }), /unknown type flag "Q"/],
  [
    'no number',
    () => withChecksum(tarHeader({ path: Buffer.from('a'), flag: '0', size: 0 }).fill(0x39, 124, 130)),
    /size/,
  ],
  ['a huge extended header', () => tarHeader({ path: Buffer.from('a'), flag: 'x', size: 2 ** 30 }), /extended header/],
  ['a NUL in a name', () => Buffer.concat(extended(paxRecord('path', 'a\0b'))), /NUL/],
  ['an owner over 32 bits', () => Buffer.concat(extended(paxRecord('uid', '4294967296'))), /owner/],
  ['sparse runs out of order', () => Buffer.concat(extended(sparse('0.1', '5,1,0,1'))), /out of order/],
  ['sparse runs past the end', () => Buffer.concat(extended(sparse('0.1', '99,2'))), /out of order or range/],
  ['sparse runs without data', () => Buffer.concat(extended(sparse('0.1', '0,50'))), /tells of 50 bytes/],
];

function extended(records: Buffer): Buffer[] {
  return [
    tarHeader({ path: Buffer.from('x'), flag: 'x', size: records.length }),
    padded(records),
    tarHeader({ path: Buffer.from('a'), flag: '0', size: 2 }),
    padded(Buffer.from('ab')),
  ];
}

function sparse(_version: '0.1', map: string): Buffer {
  return Buffer.concat([paxRecord('GNU.sparse.size', '100'), paxRecord('GNU.sparse.map', map)]);
}

for (const [what, archive, message] of broken)
  test(`${what} is refused`, () => {
    assert.throws(
      () => read(archive()),
      (error) => error instanceof TarFormatError && message.test(error.message),
    );
  });
