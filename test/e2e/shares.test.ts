/** Host folders in containers: what is in them, who owns it, how soon a change is seen, what is refused. */
import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, detached, inside, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

const home = process.env.BERTH_HOME ?? '';
const own = [process.getuid?.(), process.getgid?.()];

async function folderOf(name: string): Promise<string> {
  const folder = join(home, 'shares', name);
  await mkdir(folder, { recursive: true });
  return folder;
}

async function ownersOf(path: string): Promise<unknown[]> {
  const { uid, gid } = await stat(path);
  return [uid, gid];
}

test('new files belong to the host user, whatever chown says; no id of the guest is in the container', async () => {
  const folder = await folderOf('owners');
  await writeFile(join(folder, 'from-host'), 'host says\n');
  await chmod(folder, 0o777);
  const script = `cat /w/from-host; echo guest says > /w/from-guest; chown 33:33 /w/from-guest && chmod 640 /w/from-guest
    stat -c %u:%g /w/from-guest; tr -s ' ' < /proc/self/uid_map | sed 's/^ //'; tr -s ' ' < /proc/self/gid_map | sed 's/^ //'`;
  const [text, owner, uids, gids, ...rest] = (await inside(script, '-v', `${folder}:/w`)).split('\n');
  assert.deepEqual([text, owner, rest], ['host says', own.join(':'), []]);
  assert.match(uids ?? '', /^0 [1-9]\d{5,} 65536$/);
  assert.equal(gids, uids);
  assert.equal(await readFile(join(folder, 'from-guest'), 'utf8'), 'guest says\n');
  assert.deepEqual(await ownersOf(join(folder, 'from-guest')), own);
  assert.equal((await stat(join(folder, 'from-guest'))).mode & 0o777, 0o640);
  await inside('touch /w/by-www-data', '-u', '33:33', '-v', `${folder}:/w`);
  assert.deepEqual(await ownersOf(join(folder, 'by-www-data')), own);
  await inside('touch /w/by-guest-root && chown 7 /w/by-guest-root', '--userns', 'host', '-v', `${folder}:/w`);
  assert.deepEqual(await ownersOf(join(folder, 'by-guest-root')), own);
});

test('read-only is read-only; a single file, a link and odd names can be mounted; exec sees what run sees', async (t) => {
  const folder = await folderOf('kinds');
  const odd = join(folder, 'with space, ünï cödé 名前 \'n\' "quotes"');
  await mkdir(odd);
  await writeFile(join(odd, 'naïve file'), 'odd\n');
  await symlink(odd, join(folder, 'link'));
  await symlink('/etc/hostname', join(folder, 'out'));
  await writeFile(join(folder, 'file'), 'one\n');
  assert.match(await inside('touch /w/x 2>&1; true', '-v', `${folder}:/w:ro`), /Read-only/);
  assert.equal(await inside('cat /f; echo two >> /f', '-v', `${folder}/file:/f`), 'one');
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'one\ntwo\n');
  for (const source of [odd, join(folder, 'link')])
    assert.equal(
      await inside(
        'cat "/a b/naïve file"',
        '--mount',
        `"type=bind","source=${source.replaceAll('"', '""')}","target=/a b"`,
      ),
      'odd',
    );
  const id = await detached(t, ['--hostname', 'inner', '-v', `${folder}:/w`], ['sleep', '600']);
  assert.equal(await ok(['exec', id, 'cat', '/w/out']), 'inner', 'a link leads to the file of the container');
  assert.deepEqual(await ok(['exec', '-u', '33', id, 'cat', '/w/file']), 'one\ntwo');
});

test('hard links, renames, sparse and synced files are as on a disk', async () => {
  const folder = await folderOf('disk');
  const script = `set -e; cd /w; echo x > one; ln one two; mkdir a b; mv two a/two; mv a/two b/three; mv b c
    stat -c %h one c/three; test "$(stat -c %i one)" = "$(stat -c %i c/three)" && echo same inode
    exec 9<one; rm one c/three; cat <&9
    dd if=/dev/urandom of=synced bs=64k count=16 conv=fsync 2>/dev/null; sha256sum < synced | cut -c1-64
    truncate -s 1000000000 sparse; stat -c %s sparse; cp /bin/busybox busybox; ./busybox echo runs; mkfifo pipe
    mknod null c 1 3 2>/dev/null || echo no device`;
  const lines = (await inside(script, '-v', `${folder}:/w`)).split('\n');
  const { createHash } = await import('node:crypto');
  const digest = createHash('sha256')
    .update(await readFile(join(folder, 'synced')))
    .digest('hex');
  assert.deepEqual(lines, ['2', '2', 'same inode', 'x', digest, '1000000000', 'runs', 'no device']);
  assert.ok((await stat(join(folder, 'sparse'))).blocks < 1000);
  assert.deepEqual((await readdir(join(folder, 'c'))).length, 0);
});

test('ten thousand small files are listed and read', async () => {
  const folder = await folderOf('many');
  for (let at = 0; at < 10_000; at += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => writeFile(join(folder, `f${at + index}`), `${at + index}\n`)),
    );
  const script = 'ls /w | wc -l; find /w -type f -size -2 | wc -l; cat /w/f999*';
  const numbers = ['999', ...Array.from({ length: 10 }, (_, index) => String(9990 + index))];
  assert.deepEqual((await inside(script, '-v', `${folder}:/w`)).split('\n'), ['10000', '10000', ...numbers]);
});

test('a change on the host is soon seen in a running container, however it is made', async (t) => {
  const folder = await folderOf('changes');
  const file = join(folder, 'file');
  await writeFile(file, 'first\n');
  const id = await detached(t, ['-v', `${folder}:/w`], ['sleep', '600']);
  const read = (path = '/w/file') => berth(['exec', id, 'cat', path]);
  const sees = (text: string) =>
    until(`the container sees ${text}`, async () => (await read()).stdout === text, 10_000);
  await sees('first\n');
  await writeFile(file, 'other\n', { flag: 'r+' });
  await sees('other\n');
  await appendFile(file, 'more\n');
  await sees('other\nmore\n');
  await truncate(file, 3);
  await sees('oth');
  await writeFile(`${file}.new`, 'renamed over\n');
  await rename(`${file}.new`, file);
  await sees('renamed over\n');
  assert.equal((await read('/w/late')).code, 1);
  await writeFile(join(folder, 'late'), '');
  await until('the new file', async () => (await read('/w/late')).code === 0, 10_000);
  await rm(file);
  await until('the file is gone', async () => (await read()).code === 1, 10_000);
});

test('what is not there, not shared, or gone since is refused by its name on the host', async (t) => {
  await refused(['run', '--rm', '-v', `${home}/absent:/w`, 'busybox', 'true'], 125, /absent is not there/);
  await refused(
    ['run', '--rm', '-v', '/usr/lib:/w', 'busybox', 'true'],
    125,
    /\/usr\/lib is in no folder that the machine default shares .*--share \S*berth-e2e-\S+ --share \/usr\/lib"/,
  );
  const folder = await folderOf('gone');
  const id = await ok(['create', '-v', `${folder}:/w`, 'busybox', 'ls', '/w']);
  t.after(() => berth(['rm', '-f', id]));
  await rm(folder, { recursive: true });
  await refused(['start', '-a', id], 1, /shares\/gone is not there on the host/);
  await mkdir(folder);
  await writeFile(join(folder, 'again'), '');
  assert.equal(
    await until('the folder is back', async () => (await berth(['start', '-a', id])).stdout || undefined),
    'again\n',
  );
});
