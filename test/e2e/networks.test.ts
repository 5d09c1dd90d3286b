import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { berth, detached, guest, inside, inspect, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

/** Of this run alone. */
const word = randomBytes(3).toString('hex');
const [front, back, apart, six] = [`front-${word}`, `back-${word}`, `apart-${word}`, `six-${word}`];
const serve = (text: string): string[] => ['sh', '-c', `while :; do echo ${text} | nc -l -p 80; done`];
const ask = (container: string, address: string): Promise<string> =>
  ok(['exec', container, 'sh', '-c', `nc -w 5 ${address} 80 </dev/null || echo nobody`]);
const address = (id: string, network: string): Promise<string> =>
  inspect(id, `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);

before(async () => {
  await ok(['network', 'create', '--subnet', '10.77.0.0/24', front]);
  await ok(['network', 'create', '--subnet', '10.78.0.0/24', '--internal', back]);
  await ok(['network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', apart]);
  await ok(['network', 'create', '--ipv6', '-o', 'com.docker.network.driver.mtu=1400', six]);
});
after(async () => {
  for (const name of [front, back, apart, six]) await berth(['network', 'rm', name]);
});

describe('networks of your own', () => {
  test('containers of one reach each other, those of another do not, the world does', async (t) => {
    const web = await detached(t, ['--network', front, '--ip', '10.77.0.50'], serve('web'));
    const near = await detached(t, ['--network', front], ['sleep', '1000']);
    const far = await detached(t, [], ['sleep', '1000']);
    assert.equal(await address(web, front), '10.77.0.50');
    await until('web answers', async () => (await ask(near, '10.77.0.50')) === 'web');
    assert.equal(await ask(far, '10.77.0.50'), 'nobody');
    assert.equal(await ok(['exec', near, 'ping', '-c', '1', '-W', '5', '10.0.2.2']).then(() => 'reached'), 'reached');
  });

  test('an internal network has no way out, and containers of a network without icc do not meet', async (t) => {
    const inner = await detached(t, ['--network', back], serve('inner'));
    const other = await detached(t, ['--network', back], ['sleep', '1000']);
    const ip = await address(inner, back);
    await until('inner answers', async () => (await ask(other, ip)) === 'inner');
    assert.doesNotMatch(await ok(['exec', other, 'ip', 'route']), /default/);
    assert.notEqual((await berth(['exec', other, 'ping', '-c', '1', '-W', '2', '10.0.2.2'])).code, 0);
    const one = await detached(t, ['--network', apart], serve('one'));
    const two = await detached(t, ['--network', apart], ['sleep', '1000']);
    assert.equal(await ask(two, await address(one, apart)), 'nobody');
    assert.equal(await ok(['exec', two, 'ping', '-c', '1', '-W', '5', '10.0.2.2']).then(() => 'reached'), 'reached');
  });

  test('IPv6 and the size of packets', async (t) => {
    const one = await detached(t, ['--network', six], ['sleep', '1000']);
    const two = await detached(t, ['--network', six], ['sleep', '1000']);
    const ip = await inspect(one, `{{(index .NetworkSettings.Networks "${six}").GlobalIPv6Address}}`);
    assert.match(ip, /^fd/);
    assert.equal(await ok(['exec', two, 'ping', '-6', '-c', '1', '-W', '5', ip]).then(() => 'reached'), 'reached');
    assert.match(await ok(['exec', two, 'ip', 'link', 'show', 'eth0']), /mtu 1400/);
    assert.match(await ok(['exec', two, 'ip', '-6', 'route']), /^default via fd/m);
  });

  test('a program that listens on IPv6 alone is reached at [::1], and elsewhere it is told why not', async (t) => {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const alone = ['--sysctl', 'net.ipv6.bindv6only=1', '-p'];
    const web = ['sh', '-c', 'echo six >index.html; exec httpd -f -p [::]:80'];
    await detached(t, ['--network', six, ...alone, `${port}:80`], web);
    const get = (host: string): Promise<string> =>
      fetch(`http://${host}:${port}`).then((answer) => answer.text(), String);
    await until('it answers', async () => (await get('[::1]')) === 'six\n');
    assert.match(await get('127.0.0.1'), /fetch failed/);
    const { stdout } = await berth(['explain', 'port', String(port)]);
    assert.match(stdout, /on IPv6 alone: IPv4 is refused/);
    const plain = port === 29_999 ? 20_000 : port + 1;
    await detached(t, [...alone, `${plain}:80`], web);
    await until('the evidence', async () => {
      const said = (await berth(['explain', 'port', String(plain)])).stdout;
      return /on IPv6 alone, and the container has no address of that/.test(said);
    });
  });

  test('connected and disconnected while it runs; the published port follows', async (t) => {
    const port = String(20_000 + Math.floor(Math.random() * 10_000));
    const web = await detached(t, ['--network', front, '-p', `${port}:80`], serve('web'));
    const peer = await detached(t, ['--network', back], ['sleep', '1000']);
    await ok(['network', 'connect', '--ip', '10.78.0.99', back, web]);
    assert.match(await ok(['exec', web, 'ip', '-o', 'addr', 'show', 'eth1']), /10\.78\.0\.99\/24/);
    await until('it answers there', async () => (await ask(peer, '10.78.0.99')) === 'web');
    await refused(['network', 'connect', back, web], 1, /already exists in network/);
    await ok(['network', 'connect', 'bridge', web]);
    await ok(['network', 'disconnect', front, web]);
    assert.match(await ok(['exec', web, 'ip', 'route']), /^default via 172\.30\.0\.1 dev eth2/m);
    const { connect } = await import('node:net');
    const { readAll } = await import('../../app/base/streams.ts');
    await until('the port leads to it', async () => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true });
      socket.end();
      return (await readAll(socket, 100).catch(() => Buffer.alloc(0))).toString() === 'web\n';
    });
  });

  test('names: of containers, aliases, links, the reverse, the host, the world’s through the host', async (t) => {
    const web = await detached(
      t,
      ['--network', front, '--network-alias', 'www', '--name', `web-${word}`],
      serve('named'),
    );
    const peer = await detached(t, ['--network', front, '--link', `web-${word}:site`], ['sleep', '1000']);
    const ip = await address(web, front);
    assert.match(await ok(['exec', peer, 'cat', '/etc/resolv.conf']), /^nameserver 127\.0\.0\.11$/m);
    for (const name of [`web-${word}`, 'www', 'site', web.slice(0, 12), `www.${front}`])
      await until(`${name} answers`, async () => (await ask(peer, name)) === 'named');
    assert.match(await ok(['exec', peer, 'nslookup', ip]), new RegExp(`web-${word}.${front}`));
    const server = createServer((socket) => socket.end('from the host\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const fetch = `nc -w 5 host.docker.internal ${port} </dev/null`;
    assert.equal(await ok(['exec', peer, 'sh', '-c', fetch]), 'from the host');
    assert.equal(await inside(fetch), 'from the host');
    assert.equal(await inside(`nc -w 5 here ${port} </dev/null`, '--add-host', 'here:host-gateway'), 'from the host');
    assert.notEqual((await berth(['run', '--rm', 'busybox', 'nslookup', `web-${word}`])).code, 0);
  });

  test('a container may have port 53 itself', async (t) => {
    const id = await detached(t, ['--network', front], ['nc', '-l', '-p', '53']);
    assert.match(await ok(['exec', id, 'nslookup', id.slice(0, 12)]), /10\.77\.0\./);
  });

  test('UDP is published in both families, and released at the end', async (t) => {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const id = await detached(t, ['-p', `${port}:53/udp`], ['sleep', '1000']);
    const pid = await inspect(id, '{{.State.Pid}}');
    const echo =
      'const u=require("dgram").createSocket("udp4");u.on("message",(m,r)=>u.send("back "+m,r.port,r.address));u.bind(53)';
    await guest(`nsenter -t ${pid} -n node -e '${echo}' >/dev/null 2>&1 </dev/null &`);
    for (const [host, type] of [
      ['127.0.0.1', 'udp4'],
      ['::1', 'udp6'],
    ] as const) {
      const socket = createSocket(type);
      let answer = '';
      socket.on('message', (message) => (answer = message.toString()));
      // What is connected hears only the port that it asked.
      await new Promise<void>((resolve) => socket.connect(port, host, resolve));
      await until('it is answered', () => {
        socket.send(host);
        return answer === `back ${host}`;
      });
      socket.close();
    }
    await refused(['run', '--rm', '-p', `${port}:53/udp`, 'busybox', 'true'], 125, /port is already allocated/);
    await ok(['rm', '-f', id]);
    await inside('true', '-p', `${port}:53/udp`);
  });

  test('refused with Docker’s words', async (t) => {
    await refused(['network', 'create', front], 1, /already exists/);
    await refused(['network', 'create', '--subnet', '10.77.0.128/25', `x-${word}`], 1, /Pool overlaps with other one/);
    await refused(['network', 'create', '--subnet', '10.0.2.0/24', `x-${word}`], 1, /Pool overlaps with other one/);
    await refused(['network', 'rm', 'bridge'], 1, /pre-defined network/);
    await detached(t, ['--network', front], ['sleep', '1000']);
    await refused(['network', 'rm', front], 1, /has active endpoints/);
    await refused(['run', '--rm', '--ip', '172.30.0.9', 'busybox', 'true'], 125, /user defined networks only/);
    await refused(['run', '--rm', '--network', front, '--ip', '10.9.9.9', 'busybox', 'true'], 125, /does not belong/);
  });

  test('networks and their containers outlive the agent', async (t) => {
    const web = await detached(t, ['--network', front, '--ip', '10.77.0.60'], serve('still'));
    const near = await detached(t, ['--network', front], ['sleep', '1000']);
    const pid = await guest("ps | awk '/[a]gent.mjs/ {print $1}' | head -1");
    await guest(`kill -9 ${pid}`);
    await until('the agent is back', async () => (await berth(['ps'])).code === 0);
    assert.equal(await ask(near, '10.77.0.60'), 'still');
    await until('names are answered again', async () => (await ask(near, web.slice(0, 12))) === 'still');
    await refused(['run', '--rm', '--network', front, '--ip', '10.77.0.60', 'busybox', 'true'], 125, /already in use/);
    await ok(['network', 'disconnect', front, near]);
    await ok(['network', 'connect', front, near]);
    await until('the way is there again', async () => (await ask(near, '10.77.0.60')) === 'still');
    assert.match(await inside('ip -o addr show eth0', '--network', front), /10\.77\.0\./);
    assert.equal(await address(web, front), '10.77.0.60');
  });
});
