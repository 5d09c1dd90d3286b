import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { detached, guest, inside, inspect, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

const address = (id: string): Promise<string> =>
  inspect(id, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
const serve = (text: string): string[] => ['sh', '-c', `while :; do echo ${text} | nc -l -p 80; done`];

test('a container has loopback and one interface with an address of its own', async () => {
  const links = await inside('ip -o link; ip -o addr; ip route');
  assert.match(links, /lo: .*UP/);
  assert.match(links, /eth0.*UP/);
  assert.match(links, /inet 127\.0\.0\.1\/8/);
  assert.match(links, /^default via \d/m);
});

test('two containers listen on port 80 at once and reach each other', async (t) => {
  const one = await detached(t, [], serve('one'));
  const two = await detached(t, [], serve('two'));
  assert.notEqual(await address(one), await address(two));
  for (const [id, said] of [
    [one, 'one'],
    [two, 'two'],
  ] as const) {
    const ip = await address(id);
    assert.equal(await until(`${said} answers`, () => inside(`nc -w 5 ${ip} 80 </dev/null`)), said);
  }
});

test('traffic out is translated to the guest address', async () => {
  const guestAddress = (await guest('ip -4 -o addr show eth0 2>/dev/null || ifconfig eth0')).match(
    /inet (?:addr:)?([\d.]+)/,
  )?.[1];
  assert.ok(guestAddress);
  const gateway = await inside("ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'");
  assert.equal(await inside(`ping -c 1 -W 5 ${gateway} >/dev/null && echo reached`), 'reached');
  const rules = await guest('nft list ruleset');
  assert.match(rules, /masquerade/);
  assert.equal(await inside(`ping -c 1 -W 5 ${guestAddress} >/dev/null && echo reached`), 'reached');
});

test('a container reaches the world outside the VM', async (t) => {
  const server = createServer((socket) => socket.end('from the host\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  // QEMU's user network shows the host's loopback as 10.0.2.2.
  assert.equal(await inside(`nc -w 5 10.0.2.2 ${port} </dev/null`), 'from the host');
});

test('--network none has only loopback; host has the interfaces of the guest; container:ID shares', async (t) => {
  assert.equal(await inside('ls /sys/class/net', '--network', 'none'), 'lo');
  assert.match(await inside('ls /sys/class/net', '--network', 'host'), /berth0/);
  const id = await detached(t, ['--hostname', 'owner'], serve('shared'));
  assert.equal(
    await until('nc listens', () => inside('nc -w 5 127.0.0.1 80 </dev/null', '--network', `container:${id}`)),
    'shared',
  );
});

test('/etc/hosts, /etc/hostname and /etc/resolv.conf are the container own', async () => {
  const files = await inside(
    'cat /etc/hosts /etc/hostname /etc/resolv.conf',
    '--hostname',
    'web',
    '--add-host',
    'db:10.1.2.3',
    '--dns',
    '9.9.9.9',
  );
  assert.match(files, /^10\.1\.2\.3\s+db$/m);
  assert.match(files, /^[\d.]+\s+web$/m);
  assert.match(files, /^web$/m);
  assert.match(files, /^nameserver 9\.9\.9\.9$/m);
});

test('addresses come back after rm; an unknown network is refused', async () => {
  const addresses = new Set<string>();
  for (let round = 0; round < 3; round++) addresses.add(await inside("ip -4 -o addr show eth0 | awk '{print $4}'"));
  assert.ok(addresses.size <= 3);
  await refused(['run', '--rm', '--network', 'nowhere', 'busybox', 'true'], 125, /nowhere/);
});
