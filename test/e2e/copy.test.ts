/** Files in and out of containers: Docker's rules, whose files they are, and that nothing leads out of a container. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, berthScript, command, detached, guest, inspect, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

const home = process.env.BERTH_HOME ?? '';
const own = [process.getuid?.(), process.getgid?.()];
const sleep = ['sleep', '1000'];

const folder = (): Promise<string> => mkdtemp(join(home, 'copy-'));
const sh = (id: string, script: string): Promise<string> => ok(['exec', id, 'sh', '-c', script]);

test('a tree goes in and comes back as it was: modes, times, links, hard links; its owner is root inside', async (t) => {
  const local = await folder();
  const source = join(local, 'tree');
  await mkdir(join(source, 'sub/empty'), { recursive: true });
  const long = 'long-'.repeat(30);
  await writeFile(join(source, 'sub', long), 'long\n');
  await writeFile(join(source, 'ünï cödé'), 'odd\n');
  await chmod(join(source, 'ünï cödé'), 0o750);
  await link(join(source, 'ünï cödé'), join(source, 'twin'));
  await symlink('/etc/shadow', join(source, 'link'));
  const big = randomBytes(5_000_000);
  await writeFile(join(source, 'big'), big);
  const id = await detached(t, [], sleep);
  const said = await berth(['cp', source, `${id}:/tmp`]);
  assert.deepEqual([said.code, said.stdout], [0, ''], said.stderr);
  assert.match(said.stderr, /^Successfully copied 5\.\S+MB to \S+:\/tmp$/m);
  assert.equal(await sh(id, 'find /tmp/tree ! -user 0 -o ! -group 0'), '');
  assert.equal(
    await sh(id, 'cd /tmp/tree; stat -c %a:%h "ünï cödé"; readlink link; ls -d sub/empty'),
    '750:2\n/etc/shadow\nsub/empty',
  );
  assert.equal(await sh(id, 'sha256sum < /tmp/tree/big'), `${createHash('sha256').update(big).digest('hex')}  -`);
  await ok(['cp', '-q', `${id}:/tmp/tree`, join(local, 'back')]);
  const back = join(local, 'back');
  assert.deepEqual((await readdir(back)).sort(), (await readdir(source)).sort());
  assert.ok(big.equals(await readFile(join(back, 'big'))));
  assert.equal(await readlink(join(back, 'link')), '/etc/shadow');
  const [one, other] = await Promise.all(['ünï cödé', 'twin'].map((name) => stat(join(back, name))));
  assert.deepEqual([one?.mode, one?.nlink, [one?.uid, one?.gid]], [0o100750, 2, own]);
  assert.equal(one?.ino, other?.ino);
  const seconds = async (path: string) => Math.floor((await lstat(path)).mtimeMs / 1000);
  for (const name of ['sub', 'big', `sub/${long}`])
    assert.equal(await seconds(join(back, name)), await seconds(join(source, name)), name);
});

test('Docker’s rules of the two paths', async (t) => {
  const local = await folder();
  await mkdir(join(local, 'dir'));
  await writeFile(join(local, 'dir/inside'), 'inside\n');
  await writeFile(join(local, 'file'), 'file\n');
  const id = await detached(
    t,
    [],
    ['sh', '-c', 'mkdir /d; echo old > /d/old; ln -s /d /link; ln -s /d/old /tofile; sleep 1000'],
  );
  await until('the script has run', async () => (await berth(['exec', id, 'ls', '/tofile'])).code === 0);
  const cp = (from: string, to: string, ...flags: string[]) => ok(['cp', '-q', ...flags, from, to]);
  await cp(join(local, 'file'), `${id}:/d`);
  await cp(join(local, 'file'), `${id}:/d/named`);
  await cp(join(local, 'file'), `${id}:/tofile`);
  await cp(join(local, 'dir'), `${id}:/link`);
  await cp(`${local}/dir/.`, `${id}:/d`);
  await cp(join(local, 'dir'), `${id}:/new`);
  assert.equal(
    await sh(id, 'cat /d/file /d/named /d/old /d/dir/inside /d/inside /new/inside; readlink /tofile'),
    'file\nfile\nfile\ninside\ninside\ninside\n/d/old',
  );
  await refused(['cp', join(local, 'dir'), `${id}:/d/old`], 1, /\/d\/old is a file: a folder cannot be copied onto it/);
  await refused(['cp', join(local, 'file'), `${id}:/absent/`], 1, /no folder \/absent\//);
  await refused(['cp', join(local, 'file'), `${id}:/no/such/name`], 1, /no \/no\/such in the container/);
  await refused(['cp', join(local, 'absent'), `${id}:/d`], 1, /There is no .*absent on this host/);
  await refused(['cp', `${id}:/absent`, local], 1, /There is no \/absent in the container/);
  await refused(['cp', 'nobody:/etc', local], 1, /no container "nobody"/);
  await refused(['cp', join(local, 'file'), join(local, 'other')], 1, /must be in a container/);
  await refused(['cp', `${id}:/d`, `${id}:/e`], 1, /Both are in containers/);
  await refused(['cp', `${id}:/d`, join(local, 'no/such')], 1, /no folder \S+\/no for such/);
  await refused(['cp', `${id}:/d`, join(local, 'file')], 1, /is a file: a folder cannot be copied onto it/);
  await cp(`${id}:/link`, join(local, 'link'));
  assert.equal(await readlink(join(local, 'link')), '/d');
  await cp(`${id}:/link`, join(local, 'followed'), '-L');
  assert.equal(await readFile(join(local, 'followed/old'), 'utf8'), 'file\n');
  await cp(`${id}:/link/.`, join(local, 'contents'));
  assert.equal(await readFile(join(local, 'contents/old'), 'utf8'), 'file\n');
  const archive = await command('sh', ['-c', `'${berthScript}' cp ${id}:/d - | tar t | sort`]);
  assert.equal(archive.stdout, 'd/\nd/dir/\nd/dir/inside\nd/file\nd/inside\nd/named\nd/old\n');
  const sent = await command('sh', [
    '-c',
    `tar c -C '${local}/dir' --owner=12 --group=34 inside | '${berthScript}' cp - ${id}:/tmp`,
  ]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal(await sh(id, 'stat -c %u:%g /tmp/inside'), '12:34');
  await refused(['cp', '-', `${id}:/d/old`], 1, /must be a folder to unpack an archive into/);
  const halves = await berth(['cp', '-', `${id}:/tmp`], { input: Buffer.alloc(700, 'x') });
  assert.match(halves.stderr, /archive is damaged/);
});

test('a container that does not run: its files, its volumes, never started or ended; a change is there at its start', async (t) => {
  const local = await folder();
  await writeFile(join(local, 'file'), 'from host\n');
  t.after(() => berth(['volume', 'rm', '-f', 'copied']));
  const id = await ok([
    'create',
    '-v',
    'copied:/data',
    'busybox',
    'sh',
    '-c',
    'cat /data/file /etc/file; stat -c %u /data/file; echo end > /etc/file',
  ]);
  t.after(() => berth(['rm', '-f', id]));
  await ok(['cp', '-q', join(local, 'file'), `${id}:/data`]);
  await ok(['cp', '-q', join(local, 'file'), `${id}:/etc`]);
  assert.equal(await ok(['start', '-a', id]), 'from host\nfrom host\n0');
  await ok(['cp', '-q', `${id}:/etc/file`, join(local, 'end')]);
  await ok(['cp', '-q', `${id}:/data`, join(local, 'data')]);
  assert.equal(await readFile(join(local, 'end'), 'utf8'), 'end\n');
  assert.equal(await readFile(join(local, 'data/file'), 'utf8'), 'from host\n');
  assert.equal((await berth(['start', '-a', id])).code, 0, 'it can be started after');
});

test('mounts of a running container are part of it; what is read-only stays so; a paused one answers', async (t) => {
  const local = await folder();
  await writeFile(join(local, 'file'), 'x\n');
  const id = await detached(
    t,
    ['--read-only', '--tmpfs', '/tmp', '-v', `${local}:/host`, '-v', `${local}:/ro:ro`],
    sleep,
  );
  await ok(['cp', '-q', join(local, 'file'), `${id}:/tmp`]);
  await ok(['cp', '-q', join(local, 'file'), `${id}:/host/again`]);
  assert.deepEqual((await stat(join(local, 'again'))).uid, own[0]);
  await refused(['cp', join(local, 'file'), `${id}:/etc`], 1, /read-only/);
  await refused(['cp', join(local, 'file'), `${id}:/ro/other`], 1, /read-only/);
  await ok(['pause', id]);
  assert.equal((await command(berthScript, ['cp', `${id}:/tmp/file`, '-'])).stdout.includes('x\n'), true);
  await ok(['unpause', id]);
  const host = await detached(t, ['--userns', 'host'], sleep);
  await ok(['cp', '-q', join(local, 'file'), `${host}:/root`]);
  assert.equal(await sh(host, 'stat -c %u /root/file'), '0');
});

test('no link leads out of a container, not even one that is changed while it is followed', async (t) => {
  const local = await folder();
  await guest('echo secret > /run/berth-secret; rm -rf /run/berth-in; mkdir /run/berth-in');
  const script = `ln -s /run/berth-secret /secret; ln -s ../../../../../../../run/berth-secret /up; mkdir -p /run /real /swap
    ln -s /proc/1/root/../../../run /magic; ln -s /run/berth-in /in
    while :; do rm -rf /swap; ln -s /run /swap; rm -f /swap; mkdir /swap; done`;
  const id = await detached(t, [], ['sh', '-c', script]);
  await until('the links are there', async () => (await berth(['exec', id, 'readlink', '/in'])).code === 0);
  for (const name of ['/secret', '/up']) {
    await ok(['cp', '-q', `${id}:${name}`, local]);
    await refused(['cp', '-L', `${id}:${name}`, join(local, 'out')], 1, /There is no \S*secret in the container/);
  }
  await refused(['cp', `${id}:/magic/berth-secret`, local], 1, /out of the container|There is no/);
  await writeFile(join(local, 'evil'), 'evil\n');
  await refused(['cp', join(local, 'evil'), `${id}:/in/x`], 1, /no \S+ in the container/);
  for (let round = 0; round < 15; round += 1) {
    await berth(['cp', '-q', `${id}:/swap`, join(local, `swap-${round}`)]);
    await berth(['cp', '-q', join(local, 'evil'), `${id}:/swap/berth-evil`]);
    await berth(['cp', '-q', join(local, 'evil'), `${id}:/swap`]);
  }
  assert.equal(await guest('ls /run/berth-in /run/berth-evil /run/evil 2>/dev/null | wc -l'), '1');
  const leaked = await command('grep', ['-rl', 'secret', local]);
  assert.equal(leaked.stdout, '');
  await guest('rm -rf /run/berth-secret /run/berth-in');
});

test('a hostile archive: names with .., through links, of owners that the container has not', async (t) => {
  const local = await folder();
  const id = await detached(t, [], ['sh', '-c', 'ln -s /etc /tmp/etc; sleep 1000']);
  const tar = (script: string) => command('sh', ['-c', `cd '${local}'; ${script} | '${berthScript}' cp - ${id}:/tmp`]);
  await writeFile(join(local, 'x'), 'x\n');
  const up = await tar(`tar cP --transform 's,^,../,' x`);
  assert.match(up.stderr, /leads out of the folder/);
  const absolute = await tar(`tar cP --transform 's,^,/etc/,' x`);
  assert.equal(absolute.code, 0);
  assert.equal(await sh(id, 'cat /etc/x; ls -d /tmp/etc/x'), 'x\n/tmp/etc/x', 'the link is the container’s own');
  const owner = await tar('tar c --owner=:70000 x');
  assert.match(owner.stderr, /owner/);
});

test('ten thousand small files go both ways', async (t) => {
  const local = await folder();
  const source = join(local, 'many');
  await mkdir(source);
  for (let at = 0; at < 10_000; at += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => writeFile(join(source, `f${at + index}`), `${at + index}\n`)),
    );
  const id = await detached(t, [], sleep);
  await ok(['cp', '-q', source, `${id}:/many`]);
  assert.equal(await sh(id, 'ls /many | wc -l; cat /many/f9999'), '10000\n9999');
  await ok(['cp', '-q', `${id}:/many`, join(local, 'back')]);
  assert.equal((await readdir(join(local, 'back'))).length, 10_000);
  assert.equal(await readFile(join(local, 'back/f1234'), 'utf8'), '1234\n');
});

test('a copy that is killed on the way leaves no half file, and the container goes on', async (t) => {
  const local = await folder();
  const id = await detached(t, [], sleep);
  const child = spawn(berthScript, ['cp', '-', `${id}:/tmp`], { stdio: ['pipe', 'ignore', 'ignore'] });
  const header = (await command('sh', ['-c', `cd '${local}'; truncate -s 50M big; tar c big | head -c 512`])).stdout;
  child.stdin.on('error', () => undefined);
  child.stdin.write(header);
  child.stdin.write(Buffer.alloc(3_000_000));
  await until('bytes arrive', async () => Number(await sh(id, 'cat /tmp/.berth-* 2>/dev/null | wc -c')) > 0);
  child.kill('SIGKILL');
  await once(child, 'close');
  await until('nothing is left', async () => (await sh(id, 'ls -A /tmp')) === '');
  assert.equal(await inspect(id, '{{.State.Status}}'), 'running');
  await sh(id, 'dd if=/dev/zero of=/tmp/big bs=1M count=40 2>/dev/null');
  const out = spawn(berthScript, ['cp', `${id}:/tmp/big`, join(local, 'copy')], { stdio: 'ignore' });
  await until('it is being written', async () => (await readdir(local)).some((name) => name.startsWith('.berth-')));
  out.kill('SIGINT');
  const [code] = (await once(out, 'close')) as [number];
  assert.equal(code, 130);
  assert.deepEqual(await readdir(local), ['big']);
});

test('a full disk is told as such, and the half file is gone', async (t) => {
  const local = await folder();
  await writeFile(join(local, 'big'), randomBytes(3_000_000));
  const id = await detached(t, ['--tmpfs', '/small:size=1m'], sleep);
  await refused(['cp', join(local, 'big'), `${id}:/small`], 1, /No space is left for big/);
  assert.equal(await sh(id, 'ls -A /small'), '');
});
