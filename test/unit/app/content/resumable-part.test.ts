import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlobStore } from '../../../../app/content/blobs.ts';
import type { Digest } from '../../../../app/content/digest.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const bytes = randomBytes(3 * 1024 * 1024);
const hex = createHash('sha256').update(bytes).digest('hex');
const digest: Digest = `sha256:${hex}`;

interface Test {
  after(fn: () => Promise<void>): void;
}

async function emptyStore(t: Test): Promise<{ blobs: BlobStore; folder: string; ingest: () => Promise<string[]> }> {
  const folder = await temporaryFolder(t);
  return { blobs: await BlobStore.open(folder), folder, ingest: () => readdir(join(folder, 'ingest')) };
}

/** The number of a process that has ended. */
const ended = (): number => spawnSync(process.execPath, ['-e', '']).pid;

test('what is kept of a blob is gone on with, and only the whole one gets its place', async (t) => {
  const { blobs, ingest } = await emptyStore(t);
  const first = await blobs.resume(digest, bytes.length);
  await first.write(bytes.subarray(0, 2_000_000));
  await first.keep();
  assert.deepEqual(await ingest(), [`${hex}.resume`]);
  assert.equal(await blobs.size(digest), undefined);
  const second = await blobs.resume(digest, bytes.length);
  assert.equal(second.written, 2_000_000);
  await second.write(bytes.subarray(2_000_000));
  await second.commit();
  assert.deepEqual(await ingest(), []);
  assert.deepEqual(await blobs.read(digest), bytes);
});

test('what a process left that has died is kept, and what cannot be gone on with is removed', async (t) => {
  const { blobs, folder, ingest } = await emptyStore(t);
  const part = await blobs.resume(digest, bytes.length);
  await part.write(bytes.subarray(0, 1000));
  await part.keep();
  const path = (name: string): string => join(folder, 'ingest', name);
  const pid = ended();
  await rename(path(`${hex}.resume`), path(`${hex}.resume.${pid}-00000000.part`));
  await writeFile(path(`${hex}.${pid}-00000001.part`), 'half');
  await blobs.removeAbandoned();
  assert.deepEqual(await ingest(), [`${hex}.resume`]);
  const again = await blobs.resume(digest, bytes.length);
  assert.equal(again.written, 1000);
  await again.keep();
  assert.ok((await blobs.removeKept()) > 0);
  assert.deepEqual(await ingest(), []);
});

test('pruning leaves alone what is being written', async (t) => {
  const { blobs } = await emptyStore(t);
  const part = await blobs.resume(digest, bytes.length);
  await part.write(bytes.subarray(0, 1000));
  await blobs.removeAbandoned();
  assert.equal(await blobs.removeKept(), 0);
  await part.write(bytes.subarray(1000));
  await part.commit();
  assert.deepEqual(await blobs.read(digest), bytes);
});

test('other bytes and more bytes are refused; a part that is longer than the blob is begun anew', async (t) => {
  const { blobs, ingest } = await emptyStore(t);
  const wrong = await blobs.resume(digest, bytes.length);
  await wrong.write(randomBytes(bytes.length));
  await assert.rejects(wrong.commit(), { code: 'corrupt-content', message: new RegExp(digest) });
  await wrong.discard();
  const long = await blobs.resume(digest, bytes.length);
  await assert.rejects(long.write(Buffer.concat([bytes, Buffer.from('x')])), { code: 'corrupt-content' });
  await long.keep();
  const again = await blobs.resume(digest, bytes.length);
  assert.equal(again.written, 0);
  await again.keep();
  assert.deepEqual(await ingest(), []);
  assert.equal(await blobs.size(digest), undefined);
});
