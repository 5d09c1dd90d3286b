/** A user without privileges, and without a name, runs the whole product: a host service and a boot of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, berthScript } from '../support/berth.ts';
import { until } from '../support/until.ts';

const user = { uid: 54_321, gid: 54_322 };

/** Why this user cannot run the product from here; nothing when it can. */
function obstacle(): string | false {
  if (process.getuid?.() !== 0) return 'only root can run the host service as another user';
  const { status } = spawnSync(berthScript, ['--help'], { ...user, cwd: '/' });
  return status === 0 ? false : 'the checkout is closed to other users';
}

async function userHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'berth-user-'));
  await chown(home, user.uid, user.gid);
  const files = [
    { name: 'own', ...user, mode: 0o644 },
    { name: 'roots', uid: 0, gid: 0, mode: 0o644 },
    { name: 'secret', uid: 0, gid: 0, mode: 0o600 },
    { name: 'great', uid: 4_000_000, gid: 4_000_000, mode: 0o666 },
  ];
  await mkdir(join(home, 'work'));
  await chown(join(home, 'work'), user.uid, user.gid);
  for (const { name, uid, gid, mode } of files) {
    const path = join(home, 'work', name);
    await writeFile(path, `${name}\n`);
    await chown(path, uid, gid);
    await chmod(path, mode);
  }
  await symlink('/etc/passwd', join(home, 'work/link'));
  return home;
}

async function processes(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const owners = await Promise.all(pids.map((pid) => stat(`/proc/${pid}`).catch(() => undefined)));
  return owners.filter((owner) => owner?.uid === user.uid).length;
}

/** What container root may do with each file, then who owns what, as it sees it. */
const tries = `
try() { if sh -c "$2" 2>/dev/null; then echo "$1 yes"; else echo "$1 no"; fi; }
try write-own 'echo more >> /w/own'
try write-roots 'echo more >> /w/roots'
try read-secret 'cat /w/secret'
try write-great 'echo more >> /w/great'
try make 'mkdir /w/new && echo x > /w/new/file && chown 33:33 /w/new/file && chmod 640 /w/new/file'
try link-is-own 'cmp -s /w/link /etc/passwd'
cat /proc/self/uid_map | tr -s ' '
cd /w; stat -c '%n %u:%g' own new/file great
`;

test('a user without privileges runs machine, container and share', { skip: obstacle() }, async (t) => {
  const home = await userHome();
  const as = { ...user, cwd: home, limitMs: 240_000, env: { BERTH_HOME: join(home, 'berth'), HOME: home } };
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await berth(args, as);
    assert.equal(code, 0, `berth ${args.join(' ')}\n${stderr}${stdout}`);
    return stdout.trim();
  };
  t.after(async () => {
    await berth(['stop', '--service'], as);
    await rm(home, { recursive: true, force: true });
  });
  await run('machine', 'set', '--cpus', '1', '--memory', '768m', '--share', join(home, 'work'));
  await run('start');
  const seen = await run('run', '--rm', '-v', `${home}/work:/w`, 'busybox', 'sh', '-c', tries);
  const start = /^ ?0 (\d+) 65536$/m.exec(seen)?.[1];
  assert.ok(Number(start) >= 65_536, seen);
  const lines = seen.split('\n').filter((line) => !line.includes(' 65536'));
  const allowed = ['write-own yes', 'write-roots no', 'read-secret no', 'write-great yes', 'make yes'];
  const owners = [`own ${user.uid}:${user.gid}`, `new/file ${user.uid}:${user.gid}`, 'great 65534:65534'];
  assert.deepEqual(lines, [...allowed, 'link-is-own yes', ...owners]);
  const made = await stat(join(home, 'work/new/file'));
  assert.deepEqual([made.uid, made.gid, made.mode & 0o777], [user.uid, user.gid, 0o640]);
  assert.equal(await readFile(join(home, 'work/own'), 'utf8'), 'own\nmore\n');
  const socket = await stat(join(home, 'berth/run/control.sock'));
  assert.deepEqual([socket.uid, socket.mode & 0o077], [user.uid, 0]);
  await run('stop', '--service');
  await until('none of its processes is left', async () => (await processes()) === 0);
});
