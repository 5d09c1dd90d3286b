import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { detached, guest, inside, ok, refused } from '../support/berth.ts';

const status = (field: string, ...flags: string[]): Promise<string> =>
  inside(`sed -n 's/^${field}:[[:space:]]*//p' /proc/self/status`, ...flags);
const home = process.env.BERTH_HOME ?? '';

test('capabilities are the default set of Docker, and are added and dropped', async () => {
  assert.equal(await status('CapEff'), '00000000a80425fb');
  assert.equal(await status('CapBnd', '--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE'), '0000000000000400');
  assert.equal(await status('CapEff', '--cap-drop', 'ALL'), '0000000000000000');
  assert.equal(await status('CapEff', '--user', '1000'), '0000000000000000');
  assert.match(await inside('chown 1 /tmp 2>&1; true', '--cap-drop', 'CHOWN'), /not permitted/);
  await refused(['run', '--rm', '--cap-add', 'FLY', 'busybox', 'true'], 125, /FLY/);
});

test('the default seccomp profile filters; unconfined does not; a file of the user is compiled', async () => {
  assert.equal(await status('Seccomp'), '2');
  assert.equal(await status('Seccomp', '--security-opt', 'seccomp=unconfined'), '0');
  assert.match(await inside('unshare -U true 2>&1; true'), /not permitted/);
  const profile = join(home, 'no-mkdir.json');
  await writeFile(
    profile,
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
    }),
  );
  assert.match(await inside('mkdir /x 2>&1; true', '--security-opt', `seccomp=${profile}`), /not implemented/);
  await writeFile(profile, '{"defaultAction": "SCMP_ACT_GUESS"}');
  await refused(
    ['run', '--rm', '--security-opt', `seccomp=${profile}`, 'busybox', 'true'],
    125,
    /SCMP_ACT_GUESS|defaultAction/,
  );
  await refused(['run', '--rm', '--security-opt', 'seccomp=/not/there', 'busybox', 'true'], 125, /\/not\/there/);
});

test('no-new-privileges, rlimits, sysctls, environment, working directory', async () => {
  assert.equal(await status('NoNewPrivs'), '0');
  assert.equal(await status('NoNewPrivs', '--security-opt', 'no-new-privileges'), '1');
  assert.equal(await inside('ulimit -n; ulimit -Hn', '--ulimit', 'nofile=123:456'), '123\n456');
  assert.equal(await inside('cat /proc/sys/net/ipv4/ip_forward', '--sysctl', 'net.ipv4.ip_forward=1'), '1');
  await refused(['run', '--rm', '--sysctl', 'kernel.panic=1', 'busybox', 'true'], 125, /kernel\.panic/);
  assert.equal(
    await inside('echo "$A|$B|$PATH"', '-e', 'A=1', '-e', 'B=two words'),
    '1|two words|/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  );
  assert.equal(await inside('pwd', '-w', '/tmp'), '/tmp');
});

test('devices: none of the guest own but those given', async () => {
  assert.match(await inside('ls /dev/vdc 2>&1; true'), /No such file/);
  assert.match(await inside('ls -l /dev/rnd', '--device', '/dev/hwrng:/dev/rnd:r'), /^c/);
  await refused(['run', '--rm', '--device', '/dev/absent', 'busybox', 'true'], 125, /\/dev\/absent/);
});

const tryOpen = 'try() { (eval ": $1") 2>/dev/null && echo yes || echo no; }';

test('devices: each for what it was given for, whoever made the node, also in the guest’s user namespace', async (t) => {
  const given = ['--device', '/dev/fuse:/dev/box:r'];
  const directions = `${tryOpen}; try "</dev/box"; try ">/dev/box"; try "<>/dev/box"`;
  assert.equal(await inside(directions, ...given), 'yes\nno\nno');
  assert.equal(await inside(directions, '--device', '/dev/fuse:/dev/box:rw', '--userns', 'host'), 'yes\nyes\nyes');
  // vdc, the guest’s data disk: the node is made, but of no use.
  const [major = '', minor = ''] = (await guest("cat /sys/class/block/vdc/dev | tr ':' ' '")).split(' ');
  const disk = `${tryOpen}; mknod /dev/disk b ${major} ${minor} && try "</dev/disk"; try ">/dev/null"; try "</dev/urandom"`;
  assert.equal(await inside(disk, '--userns', 'host'), 'no\nyes\nyes');
  assert.equal(await inside(disk, '--userns', 'host', '--device-cgroup-rule', `b ${major}:* r`), 'yes\nyes\nyes');
  assert.equal(await inside(disk, '--privileged'), 'yes\nyes\nyes');
  const id = await detached(t, ['--userns', 'host', ...given], ['sleep', '1000']);
  const inIt = (script: string): Promise<string> => ok(['exec', '--privileged', id, 'sh', '-c', script]);
  assert.equal(await inIt(`${disk}; ${directions}`), 'no\nyes\nyes\nyes\nno\nno');
  await ok(['update', '--memory', '64m', id]);
  assert.equal(await inIt(`rm /dev/disk; ${disk}`), 'no\nyes\nyes');
  await ok(['restart', '-t', '0', id]);
  assert.equal(await inIt(`${disk}; ${directions}`), 'no\nyes\nyes\nyes\nno\nno');
  assert.match(await ok(['inspect', '--kernel', id]), /devices +the usual, \/dev\/box r +BPF programs: 1/);
  await refused(['run', '--rm', '--device-cgroup-rule', 'c 1:3', 'busybox', 'true'], 125, /device-cgroup-rule/);
});

test('--privileged says that it gives up the user namespace, and has every capability', async () => {
  assert.match(await status('CapEff', '--privileged'), /^000001ffffffffff$/);
  assert.equal(await status('Seccomp', '--privileged'), '0');
});

test('exec has the limits of the container, not those of the agent', async (t) => {
  const id = await detached(
    t,
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '1000'],
    ['sleep', '1000'],
  );
  const lines = await ok(['exec', id, 'sh', '-c', 'grep -E "^(CapBnd|NoNewPrivs|Seccomp|Uid):" /proc/self/status']);
  assert.match(lines, /CapBnd:\s+0000000000000000/);
  assert.match(lines, /NoNewPrivs:\s+1/);
  assert.match(lines, /Seccomp:\s+2/);
  assert.match(lines, /Uid:\s+1000/);
  assert.equal(
    await ok([
      'exec',
      '-u',
      '0',
      '-w',
      '/tmp',
      '-e',
      'X=y',
      id,
      'sh',
      '-c',
      'id -u; pwd; echo $X; cat /proc/self/cgroup',
    ]),
    '0\n/tmp\ny\n0::/',
  );
});
