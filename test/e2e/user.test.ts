import assert from 'node:assert/strict';
import { test } from 'node:test';
import { berth, detached, guest, inside, inspect, ok, refused } from '../support/berth.ts';

const uidOf = async (id: string): Promise<number> => {
  const pid = await inspect(id, '{{.State.Pid}}');
  return Number((await guest(`grep ^Uid: /proc/${pid}/status`)).split(/\s+/)[1]);
};

test('root inside is an unprivileged id of the guest, in a range of each container own', async (t) => {
  const one = await detached(t, [], ['sleep', '1000']);
  const two = await detached(t, [], ['sleep', '1000']);
  assert.equal(await ok(['exec', one, 'id', '-u']), '0');
  const [a, b] = [await uidOf(one), await uidOf(two)];
  assert.ok(a >= 65_536 && b >= 65_536 && Math.abs(a - b) >= 65_536, `${a} ${b}`);
  assert.match(await ok(['exec', one, 'cat', '/proc/self/uid_map']), new RegExp(`^\\s*0\\s+${a}\\s+65536`));
});

test('layers and volumes are id-mapped: owners look the same inside and on the data disk', async (t) => {
  t.after(() => berth(['volume', 'rm', '-f', 'owners']));
  assert.equal(await inside('stat -c %u:%g /bin/busybox /etc/passwd'), '0:0\n0:0');
  const id = await detached(
    t,
    ['-v', 'owners:/v'],
    ['sh', '-c', 'touch /v/root /v/app; chown 33:33 /v/app; touch /mine; chown 1000 /mine; sleep 1000'],
  );
  await ok(['exec', id, 'sh', '-c', 'until [ "$(stat -c %u /mine)" = 1000 ]; do :; done']);
  assert.equal(
    await guest('stat -c %u:%g /var/lib/berth/volumes/owners/_data/root /var/lib/berth/volumes/owners/_data/app'),
    '0:0\n33:33',
  );
  assert.equal(await guest(`stat -c %u /var/lib/berth/containers/${id}/rw/upper/mine`), '1000');
  assert.equal(
    await inside('stat -c %u:%g /v/root /v/app', '-v', 'owners:/v'),
    '0:0\n33:33',
    'another range sees the same owners',
  );
});

test('--userns host opts out', async () => {
  assert.match(await inside('cat /proc/self/uid_map', '--userns', 'host'), /^\s*0\s+0\s+4294967295/);
});

test('--user by name, id and group from the image own files; unknown ones are named', async () => {
  assert.equal(
    await inside('id -u; id -g', '--user', 'daemon'),
    await inside("sed -n 's/^daemon:[^:]*:\\([0-9]*\\):\\([0-9]*\\):.*/\\1 \\2/p' /etc/passwd | tr ' ' '\\n'"),
  );
  assert.equal(await inside('id -u; id -g', '--user', '1234:567'), '1234\n567');
  assert.match(await inside('id -G', '--user', '1234', '--group-add', '77'), /\b77\b/);
  assert.match(await inside('echo $HOME; pwd', '--workdir', '/made/up'), /\/root\n\/made\/up/);
  await refused(['run', '--rm', '--user', 'nobody-here', 'busybox', 'true'], 125, /nobody-here/);
});
