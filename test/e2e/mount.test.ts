import assert from 'node:assert/strict';
import { test } from 'node:test';
import { berth, detached, guest, inside, inspect, ok, refused } from '../support/berth.ts';

test('the root is an overlay of the image and a writable layer of the container', async (t) => {
  const id = await detached(t, [], ['sleep', '1000']);
  assert.match(await ok(['exec', id, 'cat', '/proc/mounts']), /^overlay \/ overlay rw/m);
  await ok(['exec', id, 'sh', '-c', 'echo changed > /etc/passwd; echo new > /new']);
  assert.match(await inside('cat /etc/passwd; ls /'), /root:/, 'another container has the image as it was');
  assert.equal(await ok(['exec', id, 'cat', '/etc/passwd', '/new']), 'changed\nnew');
});

test('nothing of the guest is visible: mounts, root, descriptors, also of an exec', async (t) => {
  const mounts = (await inside('cat /proc/self/mountinfo')).split('\n');
  const others = mounts.filter((line) => !/ \/etc\/(hosts|hostname|resolv\.conf) /.test(line)).join('\n');
  assert.doesNotMatch(others, /\/dev\/vd|\/run\/berth|\/containers\//);
  assert.equal(await inside('ls /proc/self/fd | wc -w'), '4', '0, 1, 2 and the one that ls opened');
  const id = await detached(t, [], ['sleep', '1000']);
  for (const flags of [[], ['-i'], ['--privileged', '-u', '1000']])
    assert.equal(
      await ok(['exec', ...flags, id, 'sh', '-c', 'ls /proc/self/fd | wc -w']),
      '4',
      `exec ${flags.join(' ')}`,
    );
  assert.match(await inside('ls /run/berth 2>&1; true'), /No such file/);
  const [root, above] = (await inside('stat -c %d:%i / /..')).split('\n');
  assert.equal(above, root);
});

test('/proc, /sys and /dev are the container own, with the usual paths masked or read-only', async () => {
  const mounts = await inside('cat /proc/mounts');
  assert.match(mounts, /^proc \/proc proc /m);
  assert.match(mounts, /^sysfs \/sys sysfs ro/m);
  assert.match(mounts, /^cgroup\S* \/sys\/fs\/cgroup cgroup2 ro/m);
  assert.match(mounts, / \/dev\/pts devpts /);
  assert.match(mounts, / \/dev\/mqueue mqueue /);
  assert.equal(await inside('cat /proc/kcore | wc -c'), '0');
  assert.equal(await inside('ls -A /sys/firmware | wc -l'), '0');
  assert.match(
    await inside('(echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger) 2>&1; true'),
    /Read-only|Permission/,
  );
  assert.equal(
    await inside('for d in null zero full random urandom tty; do [ -c /dev/$d ] && echo $d; done | xargs'),
    'null zero full random urandom tty',
  );
  assert.equal(
    await inside('echo lost > /dev/null; head -c 4 /dev/zero | wc -c; readlink /dev/fd; readlink /dev/stdout'),
    '4\n/proc/self/fd\n/proc/self/fd/1',
  );
  assert.match(await inside('mknod /dev/x b 8 0 2>&1; true'), /not permitted/);
});

test('--read-only refuses writes to the root, leaves tmpfs and volumes writable', async () => {
  const said = await inside(
    'touch /x 2>&1; touch /dev/shm/ok && touch /tmp/ok && echo fine',
    '--read-only',
    '--tmpfs',
    '/tmp',
  );
  assert.match(said, /Read-only file system/);
  assert.match(said, /fine/);
});

test('--tmpfs takes its options', async () => {
  const mounts = await inside('cat /proc/mounts; stat -c %a /cache', '--tmpfs', '/cache:size=4m,mode=0700,noexec');
  assert.match(mounts, /^tmpfs \/cache tmpfs rw,[^ ]*noexec[^ ]*size=4096k/m);
  assert.match(mounts, /^700$/m);
});

test('--mount makes volumes and tmpfs; named volumes keep data and are filled from the image on first use', async (t) => {
  t.after(() => berth(['volume', 'rm', '-f', 'kept']));
  await inside('echo one > /data/file; chown 1000:1001 /data/file', '--mount', 'type=volume,source=kept,target=/data');
  assert.equal(await inside('cat /data/file; stat -c %u:%g /data/file', '-v', 'kept:/data:ro'), 'one\n1000:1001');
  assert.match(await inside('touch /data/x 2>&1; true', '-v', 'kept:/data:ro'), /Read-only/);
  assert.match(await inside('ls /data', '--mount', 'type=volume,source=filled,target=/data'), /^$/);
  t.after(() => berth(['volume', 'rm', '-f', 'filled', 'etc']));
  assert.match(await inside('ls /etc', '-v', 'etc:/etc'), /passwd/);
  assert.match(await ok(['volume', 'ls']), /kept/);
});

test('links of the image lead mounts to their ends, and never out of the container', async (t) => {
  const links =
    'ln -s ../../../../srv /l; ln -s ../../../../run/led/out /dangling; ln -s /proc/sys /kernel; ln -s / /root-link';
  const id = await ok(['run', '-d', 'busybox', 'sh', '-c', `mkdir -p /srv; ${links}`]);
  await ok(['wait', id]);
  await ok(['commit', id, 'linked']);
  await ok(['rm', id]);
  t.after(() => berth(['rmi', '-f', 'linked']));
  t.after(() => berth(['volume', 'rm', '-f', 'at-link', 'below-link', 'at-gone']));
  const before = await guest('ls / /run');
  const volumes = ['-v', 'at-link:/l', '-v', 'below-link:/l/x', '-v', 'at-gone:/dangling', '--tmpfs', '/dangling/tmp'];
  const script = 'grep -o " /srv[^ ]* \\| /run/led[^ ]* " /proc/mounts; touch /l/one /l/x/two /dangling/three';
  const shown = await ok(['run', '--rm', ...volumes, 'linked', 'sh', '-c', script]);
  assert.deepEqual(shown.split('\n').sort(), [' /run/led/out ', ' /run/led/out/tmp ', ' /srv ', ' /srv/x ']);
  const kept = (volume: string) => inside('ls /v', '-v', `${volume}:/v`);
  assert.deepEqual(
    [await kept('at-link'), await kept('below-link'), await kept('at-gone')],
    ['one\nx', 'two', 'three\ntmp'],
  );
  assert.equal(await guest('ls / /run'), before, 'the guest has something new');
  for (const target of ['/kernel', '/root-link'])
    await refused(['run', '--rm', '-v', `at-link:${target}`, 'linked', 'true'], 125, /its link leads to/);
});

test('mount targets are made, and must be absolute and plain', async () => {
  assert.equal(await inside('ls -d /deep/er/still', '--tmpfs', '/deep/er/still'), '/deep/er/still');
  await refused(
    ['run', '--rm', '--tmpfs', 'relative', 'busybox', 'true'],
    125,
    /relative.*absolute|absolute.*relative/i,
  );
  await refused(['run', '--rm', '-v', 'vol:/a/../../b', 'busybox', 'true'], 125, /\.\./);
});

test('the container keeps its changes over stop and start, and they go with rm', async () => {
  const id = await ok(['create', 'busybox', 'sh', '-c', 'cat /count; echo x >> /count']);
  for (const expected of ['', 'x', 'x\nx']) {
    const { stdout } = await berth(['start', '-a', id]);
    assert.equal(stdout.trim(), expected);
  }
  assert.equal(await inspect(id, '{{.State.Status}}'), 'exited');
  await ok(['rm', id]);
  assert.equal(await guest(`ls -d /var/lib/berth/containers/${id} 2>/dev/null || echo gone`), 'gone');
});

test('monitors mount in a namespace of their own: the guest sees no container mounts', async (t) => {
  await detached(t, [], ['sleep', '1000']);
  assert.equal(await guest('grep -c "^overlay" /proc/mounts || true'), '0');
});
