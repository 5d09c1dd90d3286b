/** The launcher's copying against another maker's XXH64, on files of all kinds of sizes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import loadXxhash from 'xxhash-wasm';
import { copyFile } from '../../../guest-agent/effects/linux/copy-file.ts';
import { buildLauncher, launcherPath } from '../../../scripts/build/launcher.ts';
import { until } from '../../support/until.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const folder = mkdtempSync(join(tmpdir(), 'berth-copy-'));
const [source, target] = [join(folder, 'source'), join(folder, 'target')];
const { signal } = new AbortController();
const xxhash = await loadXxhash();

before(() => buildLauncher(arch));
after(() => rmSync(folder, { recursive: true, force: true }));

const copy = (sizeBytes: number): Promise<string> =>
  copyFile(launcherPath(arch), { source, target, sizeBytes }, signal);

const piece = 4 << 20;
for (const size of [0, 1, 7, 12, 31, 32, 33, 4095, 4096, 4097, piece - 1, piece, piece + 4096, 2 * piece + 45])
  test(`${size} bytes, from the beginning and from wherever an earlier copy ended`, async () => {
    const content = randomBytes(size);
    writeFileSync(source, content);
    const checksum = xxhash.h64Raw(content).toString(16).padStart(16, '0');
    for (const here of [0, 1, 4096, 5000, piece, size].filter((bytes) => bytes <= size)) {
      writeFileSync(target, content.subarray(0, here));
      assert.equal(await copy(size), checksum, `${here} were there`);
      assert.ok(readFileSync(target).equals(content), `${here} were there`);
    }
  });

test('what is in the target counts, not what the source has there', async () => {
  const content = randomBytes(20_000);
  writeFileSync(source, content);
  writeFileSync(target, Buffer.alloc(8192));
  const expected = Buffer.concat([Buffer.alloc(8192), content.subarray(8192)]);
  assert.equal(await copy(content.length), xxhash.h64Raw(expected).toString(16).padStart(16, '0'));
  assert.ok(readFileSync(target).equals(expected));
});

test('a source that is shorter, or not there, is told; what came of it stays', async () => {
  writeFileSync(source, Buffer.alloc(5000));
  rmSync(target, { force: true });
  await assert.rejects(copy(9000), { code: 'operation-failed', message: /source could not be copied: it is shorter/ });
  rmSync(source);
  await assert.rejects(copy(9000), { code: 'operation-failed', message: /open: ENOENT/, hint: /berth restart/ });
  assert.ok(existsSync(target));
});

test('a disk without room is told as such', { skip: process.getuid?.() !== 0 && 'mounting needs root' }, async (t) => {
  const small = mkdtempSync(join(folder, 'small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  t.after(() => execFileSync('umount', [small]));
  writeFileSync(source, Buffer.alloc(3_000_000));
  const full = copyFile(launcherPath(arch), { source, target: join(small, 'target'), sizeBytes: 3_000_000 }, signal);
  await assert.rejects(full, { code: 'disk-full' });
});

test('one that waits for a source for ever ends with its caller', async () => {
  rmSync(source, { force: true });
  execFileSync('mkfifo', [source]);
  const abort = new AbortController();
  const waiting = copyFile(launcherPath(arch), { source, target, sizeBytes: 1 }, abort.signal);
  const running = (): boolean => readdirSync('/proc').some((pid) => commandOf(pid).includes(`copy\0${source}\0`));
  await until('it runs', running);
  abort.abort();
  await assert.rejects(waiting, { code: 'cancelled' });
  await until('it is gone', () => !running());
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
