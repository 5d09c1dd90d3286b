import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { plainArchive } from '../../../../app/content/plain-archive.ts';

async function read(bytes: Buffer, step = bytes.length): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) =>
    bytes.subarray(index * step, (index + 1) * step),
  );
  const source = async function* () {
    yield* await Promise.resolve(pieces);
  };
  return buffer(Readable.from(plainArchive(source())));
}

const held = Buffer.from('what the archive holds '.repeat(5000));

test('gzip and zstd are unpacked, anything else passes, in pieces of any size', async () => {
  for (const packed of [held, gzipSync(held), zstdCompressSync(held), Buffer.from('BZh9 is a name'), Buffer.alloc(0)])
    for (const step of [1, 7, 4096]) {
      const expected = packed.length > 20 ? held : packed;
      assert.deepEqual(await read(packed, step), expected);
    }
});

for (const program of ['xz', 'bzip2']) {
  const { error, stdout } = spawnSync(program, ['-c'], { input: held });
  test(`${program} is refused by its name`, { skip: error && `${program} is not installed` }, async () => {
    const refused = {
      code: 'invalid-argument',
      message: `The archive is packed by ${program}, which is not supported.`,
    };
    for (const step of [1, 4096]) await assert.rejects(read(stdout, step), refused);
  });
}

test('damage is told as the archive’s', async () => {
  const packed = gzipSync(held);
  await assert.rejects(read(packed.subarray(0, packed.length - 20)), { code: 'invalid-argument', message: /damaged/ });
  packed.fill(0xff, 20, 60);
  await assert.rejects(read(packed), { code: 'invalid-argument', message: /damaged/ });
});
