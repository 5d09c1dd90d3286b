/** Data disks that are full, grown, cut off or damaged, and a host disk that is full. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownHome, type OwnHome } from '../support/own-home.ts';
import { makeTar } from '../support/tar.ts';
import { until } from '../support/until.ts';

const MIB = 2 ** 20;
const isRoot = process.getuid?.() === 0;
const scratch = await mkdtemp(join(tmpdir(), 'berth-disks-'));
test.after(() => rm(scratch, { recursive: true, force: true }));
const home = await ownHome({ after: (fn) => test.after(fn) });
const disk = join(home.path, 'data/machines/default/data.raw');

/** Size and free room of the data disk, in KiB, as df(1) in the guest tells them. */
async function room(of: OwnHome): Promise<{ size: number; free: number }> {
  const line = (await of.ok(['ssh', '--', 'df', '-k', '/var/lib/berth'])).split('\n').at(-1) ?? '';
  const [, size = '', , free = ''] = line.split(/\s+/);
  return { size: Number(size), free: Number(free) };
}

test('a data disk that containers have filled: all that frees it still works, the engine too', async (t) => {
  await home.ok(['machine', 'set', '--memory', '768m', '--disk', '512m']);
  await home.ok(['start', '-q']);
  const logOptions = ['--log-opt', 'max-size=1m', '--log-opt', 'max-file=2'];
  const forEver = ['busybox', 'sh', '-c', 'while :; do echo line of a log; done'];
  await home.ok(['run', '-d', '--name', 'printer', '--cpus', '0.2', ...logOptions, ...forEver]);
  const printer = await home.ok(['inspect', '--format', '{{.Id}}', 'printer']);
  const fill = await home.berth(['run', '--name', 'fill', 'busybox', 'dd', 'if=/dev/zero', 'of=/big', 'bs=1M']);
  assert.match(fill.stderr, /No space left on device/);
  assert.equal(fill.code, 1);
  assert.equal((await room(home)).free, 0);
  await home.refused(['run', '--rm', 'busybox', 'true'], 125, /data disk is full.* — Remove containers.*--disk/);
  assert.deepEqual((await home.ok(['ps', '-a', '--format', '{{.Names}}'])).split('\n').sort(), ['fill', 'printer']);
  assert.match(await home.ok(['logs', '--tail', '1', 'printer']), /line of a log/);
  const bytes = await home.ok(['ssh', '--', 'sh', '-c', `cat /var/lib/berth/containers/${printer}/log* | wc -c`]);
  assert.ok(Number(bytes) < 2.2 * MIB, bytes);
  await home.ok(['rm', 'fill']);
  assert.ok((await room(home)).free > 300_000);
  assert.equal(await home.ok(['run', '--rm', 'busybox', 'sh', '-c', 'echo kept >/file; cat /file']), 'kept');
  await home.ok(['stop', '-t', '0', 'printer']);
  assert.match(await home.ok(['container', 'prune', '-f']), /reclaimed/);
  assert.equal(await home.ok(['ps', '-aq']), '');
  t.diagnostic(`log of the container that prints for ever: ${bytes} bytes`);
});

test('a machine whose plug was pulled starts with its containers; a larger disk is larger inside, a smaller refused', async () => {
  const before = await room(home);
  const write = 'while :; do date >>/data/file; sleep 0.01; done';
  await home.ok(['run', '-d', '--name', 'writer', '-v', 'kept:/data', 'busybox', 'sh', '-c', write]);
  await home.ok(['machine', 'set', '--disk', '768m']);
  await home.ok(['stop', '--force']);
  await home.ok(['start', '-q']);
  const after = await room(home);
  assert.ok(after.size - before.size > 230_000, `${before.size} then ${after.size}`);
  await home.refused(
    ['machine', 'set', '--disk', '512m'],
    1,
    /has 768 MiB; it cannot be made 512 MiB\. — It may only grow/,
  );
  assert.equal(await home.ok(['inspect', '--format', '{{.State.Status}}', 'writer']), 'exited');
  await home.ok(['start', 'writer']);
  await home.ok(['rm', '-f', 'writer']);
});

test('a disk that was used and lost its superblocks is not formatted: told, left as it is, and given up by a command', async () => {
  await home.ok(['stop']);
  const file = await open(disk, 'r+');
  // The first superblock, and the backup at block 32768 (kernel Documentation/filesystems/ext4/blockgroup.rst).
  for (const at of [0, 128 * MIB]) await file.write(Buffer.alloc(MIB), 0, MIB, at);
  await file.close();
  const digest = () => execFileSync('sh', ['-c', `head -c ${200 * MIB} ${disk} | sha256sum`], { encoding: 'utf8' });
  const damaged = digest();
  await home.refused(
    ['run', '-q', '--rm', 'busybox', 'true'],
    125,
    /superblock is lost.* — .*"berth machine rm default"/,
  );
  await home.refused(['ps'], 1, /data disk of the machine default cannot be used/);
  assert.match(await home.ok(['status']), /warning: .*superblock is lost/);
  assert.match(await home.ok(['doctor']), /superblock is lost/);
  assert.match(await home.ok(['ssh', '--', 'cat', '/run/berth/data-disk']), /superblock is lost/);
  await home.ok(['stop']);
  assert.equal(digest(), damaged);
  await home.ok(['machine', 'rm', '--force', 'default']);
  assert.match(await home.ok(['images', '--format', '{{.Repository}}']), /busybox/);
});

test('a host disk that runs full suspends the machine, says so, and lets it go on', { skip: !isRoot }, async (t) => {
  const small = join(scratch, 'small');
  await mkdir(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'tmpfs', small]);
  const own = await ownHome(t, {}, join(small, 'home'));
  // After the service has ended: hooks run in the order in which they were given.
  t.after(() => Promise.resolve(execFileSync('umount', ['-l', small])));
  await own.ok(['machine', 'set', '--memory', '768m']);
  await own.ok(['start', '-q']);
  for (const name of ['spare:1', 'spare:2']) {
    await writeFile(join(scratch, 'spare.tar'), makeTar([{ path: 'file', data: randomBytes(300_000) }]));
    await own.ok(['import', join(scratch, 'spare.tar'), name]);
  }
  const free = Number(execFileSync('df', ['--output=avail', '-k', small], { encoding: 'utf8' }).split('\n')[1]);
  await writeFile(join(small, 'ballast'), Buffer.alloc(free * 1024 - 8 * MIB));
  const script = 'dd if=/dev/urandom of=/big bs=1M count=24 2>/dev/null; sync; echo written';
  const writing = own.berth(['run', '--rm', 'busybox', 'sh', '-c', script]);
  await until('it is suspended', async () => /is suspended: the host has no room/.test(await own.ok(['status'])));
  await own.refused(['ps'], 1, /machine default is suspended: the host has no room left.* — Free some space/);
  await own.refused(['run', '--rm', 'busybox', 'true'], 125, /is suspended/);
  // What makes room asks nothing of the guest, which could not answer. None of it makes enough to go on.
  assert.match(await own.ok(['system', 'df']), /^Images/m);
  assert.match(await own.ok(['rmi', 'spare:1']), /Untagged: spare:1/);
  const pruned = await own.berth(['system', 'prune', '-f']);
  assert.match(pruned.stderr, /The engine is suspended: its containers and volumes stay/);
  assert.match(await own.ok(['image', 'prune', '-a', '-f']), /spare:2/);
  assert.doesNotMatch(await own.ok(['images', '--format', '{{.Repository}}']), /spare/);
  await own.refused(['ps'], 1, /is suspended/);
  await rm(join(small, 'ballast'));
  const { code, stdout, stderr } = await writing;
  assert.equal(stdout, 'written\n', stderr);
  assert.equal(code, 0);
  assert.doesNotMatch(await own.ok(['status']), /suspended/);
  assert.match(await readFile(join(own.path, 'state/host.log'), 'utf8'), /the guest goes on/);
});
