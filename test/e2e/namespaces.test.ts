import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detached, guest, inside, inspect, ok, refused } from '../support/berth.ts';

const types = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];
const links = `for t in ${types.join(' ')}; do readlink /proc/self/ns/$t; done`;

test('every namespace is new, none of the guest own', async () => {
  const mine = (await inside(links)).split('\n');
  const guests = (await guest(links)).split('\n');
  assert.equal(mine.length, types.length);
  for (const [index, handle] of mine.entries()) assert.notEqual(handle, guests[index]);
});

test('hostname and domain name are the container own and can be given', async () => {
  const before = await guest('hostname');
  assert.equal(await inside('hostname', '--hostname', 'box.example'), 'box.example');
  assert.match(await inside('hostname'), /^[0-9a-f]{12}$/);
  assert.equal(await guest('hostname'), before);
  assert.match(await inside('hostname new 2>&1; hostname', '--cap-add', 'SYS_ADMIN'), /^new$/m);
  assert.equal(await inside('hostname', '--uts', 'host'), before);
});

test('IPC objects stay in their namespace, unless it is shared', async (t) => {
  const id = await detached(t, ['--ipc', 'shareable'], ['sh', '-c', 'echo data > /dev/shm/object; sleep 1000']);
  await ok(['exec', id, 'sh', '-c', 'until [ -s /dev/shm/object ]; do :; done']);
  assert.equal(await inside('ls /dev/shm | wc -l'), '0');
  assert.equal(await inside('cat /dev/shm/object', '--ipc', `container:${id}`), 'data');
  assert.equal(
    await inside('readlink /proc/self/ns/ipc', '--ipc', `container:${id}`),
    await ok(['exec', id, 'readlink', '/proc/self/ns/ipc']),
  );
  assert.equal(await inside('readlink /proc/self/ns/ipc', '--ipc', 'host'), await guest('readlink /proc/self/ns/ipc'));
});

test('--ipc none: an IPC namespace that nobody else sees, without shared memory', async (t) => {
  const id = await detached(t, ['--ipc', 'none'], ['sleep', '1000']);
  const own = await ok(['exec', id, 'readlink', '/proc/self/ns/ipc']);
  assert.notEqual(own, await guest('readlink /proc/self/ns/ipc'));
  assert.notEqual(own, await inside('readlink /proc/self/ns/ipc'));
  assert.equal(await ok(['exec', id, 'sh', '-c', 'grep -c " /dev/shm " /proc/mounts; true']), '0');
  assert.equal(await inspect(id, '{{.HostConfig.IpcMode}}'), 'none');
});

test('the cgroup namespace hides where the container is', async () => {
  assert.equal(await inside('cat /proc/self/cgroup'), '0::/');
});

test('joining what is not there or not running is refused by name', async (t) => {
  await refused(['run', '--rm', '--network', 'container:absent', 'busybox', 'true'], 125, /absent/);
  await refused(['run', '--rm', '--pid', 'container:absent', 'busybox', 'true'], 125, /absent/);
  const id = await ok(['create', '--name', 'not-running', 'busybox', 'true']);
  t.after(() => ok(['rm', '-f', id]));
  await refused(['run', '--rm', '--ipc', 'container:not-running', 'busybox', 'true'], 125, /not.running/);
});
