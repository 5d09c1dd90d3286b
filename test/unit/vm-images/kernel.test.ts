import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { bootableKernel } from '../../../vm-images/kernel.ts';

const elf = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]), Buffer.alloc(200, 7)]);

/** A bzImage as the boot protocol describes it: setup sectors, then the packed kernel at the payload's offset. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(5 * 512);
  setup.writeUInt8(4, 0x1f1);
  setup.writeUInt32LE(64, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(64, 0xee), payload, Buffer.alloc(32, 0xdd)]);
}

test('a zstd payload, with the size that the kernel build appends, becomes the ELF kernel', () => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(elf.length);
  assert.deepEqual(bootableKernel(bzImage(Buffer.concat([zstdCompressSync(elf), size])), 'amd64'), elf);
});

test('a gzip payload becomes the ELF kernel', () => {
  assert.deepEqual(bootableKernel(bzImage(gzipSync(elf)), 'amd64'), elf);
});

test('an unknown packing is refused', () => {
  assert.throws(() => bootableKernel(bzImage(Buffer.from('BZh91AY')), 'amd64'), /packed in a way unknown/);
  assert.throws(
    () => bootableKernel(bzImage(gzipSync('no kernel at all, just some text'.repeat(9))), 'amd64'),
    /unknown/,
  );
});

test('the arm64 Image is taken as it is, anything else refused', () => {
  const image = Buffer.alloc(128);
  image.write('ARM\x64', 0x38, 'latin1');
  assert.equal(bootableKernel(image, 'arm64'), image);
  assert.throws(() => bootableKernel(Buffer.alloc(128), 'arm64'), /unknown/);
});
