/** What was removed on a data disk makes the disk's file on the host smaller. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { trimDisk } from '../../../guest-agent/services/guest-info.ts';
import { guestPaths } from '../../../guest-agent/services/paths.ts';
import { Trash } from '../../../guest-agent/services/trash.ts';

const MIB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'berth-trim-'));
const disk = join(folder, 'data.raw');
const data = join(folder, 'data');
const run = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

function mounted(): boolean {
  mkdirSync(data);
  writeFileSync(disk, '');
  truncateSync(disk, 256 * MIB);
  return run('mkfs.ext4', '-q', '-E', 'nodiscard', disk) && run('mount', '-o', 'loop,noatime', disk, data);
}

const isMounted = mounted();
test.after(() => {
  if (isMounted) run('umount', data);
  rmSync(folder, { recursive: true });
});

const skip = isMounted ? false : 'only root can mount a file through a loop device';

test('what lies in the trash is gone, and its blocks are the host’s again', { skip }, async () => {
  const paths = { ...guestPaths, data };
  const trash = new Trash(paths);
  trash.recover();
  const taken = (): number => statSync(disk).blocks * 512;
  mkdirSync(join(data, 'container'));
  writeFileSync(join(data, 'container', 'big'), Buffer.alloc(100 * MIB, 'x'));
  run('sync');
  const full = taken();
  assert.ok(full > 100 * MIB);
  trash.discard(join(data, 'container'));
  await trimDisk({ trash, paths });
  assert.ok(taken() < full - 99 * MIB, `${full} bytes before, ${taken()} afterwards`);
});

test('where there is nothing to trim it says so', { skip }, async () => {
  const paths = { ...guestPaths, data: join(folder, 'none') };
  await assert.rejects(trimDisk({ trash: new Trash({ ...guestPaths, data }), paths }), { code: 'operation-failed' });
});
