import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unpack } from '../../../../../app/cli/copy/copy-out.ts';
import { LocalUnpacker } from '../../../../../app/cli/copy/local-unpack.ts';
import { makeTar } from '../../../../support/tar.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-unpack-'));
test.after(() => rm(folder, { recursive: true, force: true }));

const size = 1500;
const names = ['a', 'b', 'c'];
const archive = makeTar(names.map((path) => ({ path: `from/${path}`, data: Buffer.alloc(size, path) })));

/** Its bytes up to here, in pieces; then what follows. */
async function* upTo(end: number, then?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < end; at += 700) yield archive.subarray(at, Math.min(at + 700, end));
  if (then !== undefined) throw await Promise.resolve(then);
}

/** @returns the names that were made */
async function unpacked(from: AsyncIterable<Uint8Array>, error?: RegExp): Promise<string[]> {
  const into = await mkdtemp(join(folder, 'to-'));
  const unpacker = new LocalUnpacker(
    { into, from: 'from', to: 'to' },
    { archive: false, onSkipped: (name) => assert.fail(name) },
  );
  if (error === undefined) await unpack(from, unpacker);
  else await assert.rejects(unpack(from, unpacker), error);
  const made = await readdir(join(into, 'to')).catch(() => []);
  for (const name of made) assert.equal((await stat(join(into, 'to', name))).size, size);
  return made.sort();
}

test('an archive that is whole is unpacked', async () => {
  assert.deepEqual(await unpacked(upTo(archive.length)), names);
});

test('one that ends within a member, or breaks off, is an error; what is there is whole', async () => {
  for (const end of [300, 600, 1400, 2050, 3000, 4600]) {
    assert.ok((await unpacked(upTo(end), /Unexpected end of data/)).length < names.length);
    await unpacked(upTo(end, new Error('the agent has gone')), /the agent has gone/);
  }
});
