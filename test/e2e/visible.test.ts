import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelView } from '../../guest-agent/protocol/container.ts';
import { berthScript, detached, guest, inspect, ok } from '../support/berth.ts';

interface Explained {
  actor: string;
  op: string;
  detail: string;
  why: string;
}

interface GuestRow {
  Owner: string;
  Pid: string;
  InnerPid: string;
}

test('run --explain prints every operation in order with its reason, and makes nothing', async () => {
  const before = await ok(['ps', '-aq']);
  const text = await ok(['run', '--explain', '--memory', '64m', '-p', '0:80', 'busybox', 'true']);
  const order = ['cgroup', 'clone3', 'uid_map', 'overlay', 'pivot_root', 'seccomp', 'exec'];
  let from = 0;
  for (const word of order) {
    const at = text.indexOf(word, from);
    assert.ok(at >= 0, `${word} after ${from}:\n${text}`);
    from = at;
  }
  assert.equal(await ok(['ps', '-aq']), before);
  const ops = JSON.parse(await ok(['run', '--explain', '--json', 'busybox', 'true'])) as Explained[];
  assert.ok(ops.length > 30);
  for (const op of ops) assert.ok(op.why.length > 5, JSON.stringify(op));
});

test('inspect --kernel shows what the kernel has', async (t) => {
  const id = await detached(t, ['--memory', '64m'], ['sleep', '1000']);
  const [view] = JSON.parse(await ok(['inspect', '--kernel', '--format', 'json', id])) as [Record<string, unknown>];
  const pid = Number(await inspect(id, '{{.State.Pid}}'));
  assert.equal(view.pidInGuest, pid);
  assert.equal(view.pidInContainer, 1);
  const spaces = view.namespaces as { type: string; inode: number }[];
  for (const { type, inode } of spaces)
    assert.equal(await guest(`readlink /proc/${pid}/ns/${type}`), `${type}:[${inode}]`);
  assert.deepEqual(spaces.map((space) => space.type).sort(), [
    'cgroup',
    'ipc',
    'mnt',
    'net',
    'pid',
    'time',
    'user',
    'uts',
  ]);
  assert.match(JSON.stringify(view.cgroup), /67108864/);
  assert.match(JSON.stringify(view.mounts), /overlay/);
  assert.match(await ok(['inspect', '--kernel', id]), /seccomp.*filter/i);
});

test('inspect --kernel has id maps, rights, interfaces and use beside limits as the kernel has them', async (t) => {
  const rights = ['--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE', '--security-opt', 'no-new-privileges'];
  const id = await detached(t, ['--memory', '64m', '--pids-limit', '42', ...rights], ['sleep', '1000']);
  const pid = await inspect(id, '{{.State.Pid}}');
  const [view] = JSON.parse(await ok(['inspect', '--kernel', '--format', 'json', id])) as [KernelView];
  const map = async (kind: string): Promise<number[][]> => {
    const rows = (await guest(`cat /proc/${pid}/${kind}_map`)).split('\n');
    return rows.map((row) => row.trim().split(/\s+/).map(Number));
  };
  assert.deepEqual([view.uidMap, view.gidMap], [await map('uid'), await map('gid')]);
  assert.equal(view.uidMap[0]?.[2], 65_536);
  const { effective, permitted, bounding, ambient } = view.capabilities;
  for (const set of [effective, permitted, bounding]) assert.deepEqual(set, ['NET_BIND_SERVICE']);
  assert.deepEqual(ambient, []);
  assert.equal(view.noNewPrivileges, true);
  const eth0 = view.interfaces.find(({ name }) => name === 'eth0');
  assert.ok(eth0?.up === true, JSON.stringify(view.interfaces));
  assert.equal(eth0.mac, await ok(['exec', id, 'cat', '/sys/class/net/eth0/address']));
  const address = await inspect(id, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
  assert.ok(address !== '' && eth0.addresses.some((text) => text.startsWith(`${address}/`)), JSON.stringify(eth0));
  const limit = (name: string) => view.cgroup.limits.find((one) => one.name === name);
  const used = Number(limit('memory.max')?.usage);
  assert.ok(used > 0 && used < 64 << 20, String(used));
  assert.deepEqual([limit('pids.max')?.limit, limit('pids.max')?.usage], ['42', '1']);
  assert.match(await ok(['inspect', '--kernel', id]), /no_new_privs +yes[^]*pids\.max +42 +1\n/);
});

test('a shared namespace is shown with who shares it', async (t) => {
  const owner = await detached(t, [], ['sleep', '1000']);
  const guestOf = await detached(t, ['--network', `container:${owner}`], ['sleep', '1000']);
  const [view] = JSON.parse(await ok(['inspect', '--kernel', '--format', 'json', owner])) as [
    { namespaces: { type: string; sharedWith: string[] }[] },
  ];
  assert.deepEqual(view.namespaces.find((n) => n.type === 'net')?.sharedWith, [guestOf]);
  assert.deepEqual(view.namespaces.find((n) => n.type === 'mnt')?.sharedWith, []);
});

test('unshare: a shell in just those new namespaces of the guest, with no image', async (t) => {
  const { terminal } = await import('../support/terminal.ts');
  const session = terminal(berthScript, ['unshare', '--pid', '--mount-proc', '--fork', 'sh'], {
    rows: 24,
    columns: 80,
  });
  t.after(() => session.kill());
  await session.seen(/# /);
  session.type('echo shell is $$; ps | grep -c .\n');
  await session.seen(/shell is 1\r+\n[2-5]\r+\n/);
  const listed = (await ok(['ps', '--guest', '--format', 'json']))
    .split('\n')
    .map((row) => JSON.parse(row) as GuestRow);
  const shell = listed.find((p) => p.Owner === 'unshare' && p.InnerPid === '1');
  assert.ok(shell && Number(shell.Pid) > 1, JSON.stringify(listed.slice(-5)));
  assert.notEqual(await guest(`readlink /proc/${shell.Pid}/ns/pid`), await guest('readlink /proc/self/ns/pid'));
  assert.equal(
    await guest(`readlink /proc/${shell.Pid}/ns/net`),
    await guest('readlink /proc/self/ns/net'),
    'only what was asked',
  );
  session.type('exit 6\n');
  assert.equal(await session.exited, 6);
  assert.equal(await ok(['unshare', '--uts', '--hostname', 'alone', 'hostname']), 'alone');
  assert.equal(await ok(['unshare', '--user', '--map-root-user', 'id', '-u']), '0');
  assert.match(await ok(['unshare', '--net', 'sh', '-c', 'ls /sys/class/net; cat /proc/net/dev']), /lo/);
});
