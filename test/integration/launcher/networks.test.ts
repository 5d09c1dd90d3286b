import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { linuxEffects } from '../../../guest-agent/effects/linux/linux-effects.ts';
import { endpointOps, loopbackOp, vethOps } from '../../../guest-agent/plan/network-plan.ts';
import { planBridge, rulesetText, type BridgeNetwork } from '../../../guest-agent/plan/network-setup-plan.ts';
import type { NameView } from '../../../guest-agent/plan/dns-zone.ts';
import { HostNames } from '../../../guest-agent/services/host-names.ts';
import { NameServer } from '../../../guest-agent/services/name-server.ts';
import { until } from '../../support/until.ts';
import { skip } from './fixture.ts';

const withoutNft = spawnSync('nft', ['--version']).status === 0 ? false : 'nft is not installed';
const network = (number: number, changes: Partial<BridgeNetwork> = {}): BridgeNetwork => ({
  ...{ bridge: `br${number}`, mac: `02:42:0a:0${number}:00:01`, internal: false, icc: true, masquerade: true },
  pools: [
    { subnet: `10.${number}.0.0/24`, gateway: `10.${number}.0.1` },
    { subnet: `fd00:${number}::/64`, gateway: `fd00:${number}::1` },
  ],
  ...changes,
});
const networks = [network(1), network(2), network(3, { internal: true }), network(4, { icc: false })];

/** Answers with what it is called, on a port of both families. */
const server = (name: string): string =>
  `require('net').createServer((s) => s.on('error', () => {}).end('${name}')).listen({ port: 80, host: '::' })`;
const client = (address: string): string =>
  `const s = require('net').connect({ host: '${address}', port: 80 }); s.setTimeout(1500, () => process.exit(3));
   s.on('error', () => process.exit(4)); s.on('data', (d) => { process.stdout.write(d); process.exit(0); })`;
const lookUp = (name: string, type: string): string =>
  `const r = new (require('dns').promises.Resolver)({ tries: 1, timeout: 3000 }); r.setServers(['127.0.0.11']);
   r.resolve('${name}', '${type}').then((a) => console.log(a.join()), (e) => console.log(e.code))`;

describe('networks in the kernel', { skip: skip || withoutNft, timeout: 120_000 }, () => {
  const effects = linuxEffects('/nonexistent', '/nonexistent');
  const pids: number[] = [];
  const made: string[] = [];

  /** A process in a network namespace of its own. */
  async function place(script: string): Promise<number> {
    const child = spawn('unshare', ['-n', process.execPath, '-e', script], { stdio: 'ignore' });
    const pid = child.pid ?? assert.fail('unshare did not start');
    pids.push(pid);
    const own = readlinkSync('/proc/self/ns/net');
    await until('its own network', () => readlinkSync(`/proc/${pid}/ns/net`) !== own);
    await effects.apply([loopbackOp()], pid);
    return pid;
  }

  async function plugged(
    guest: number,
    { bridge, icc }: BridgeNetwork,
    place: { pid: number; host: number },
  ): Promise<void> {
    const number = bridge.slice(2);
    const endpoint = {
      ...{ bridge, hostInterface: `bv${made.length}`, containerInterface: 'eth0', prefixLength: 24, isolated: !icc },
      ...{
        mac: `02:42:0a:0${number}:00:0${place.host}`,
        ipv4: `10.${number}.0.${place.host}`,
        gateway: `10.${number}.0.1`,
      },
      ipv6: { address: `fd00:${number}::${place.host}`, prefixLength: 64, gateway: `fd00:${number}::1` },
    };
    made.push(endpoint.hostInterface);
    await effects.apply(vethOps(endpoint, place.pid), guest);
    await effects.apply(endpointOps(endpoint), place.pid);
  }

  const inside = (pid: number, script: string): string =>
    spawnSync('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', script], { encoding: 'utf8' }).stdout.trim();
  const ask = (pid: number, address: string): string => inside(pid, client(address)) || 'nobody';

  let guest = 0;
  before(async () => {
    guest = await place('setInterval(() => {}, 1e6)');
    const on = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'].map((name) => `echo 1 >/proc/sys/${name}`);
    spawnSync('nsenter', ['-t', String(guest), '-n', 'sh', '-c', on.join(';')]);
    for (const one of networks) await effects.apply(planBridge(one), guest);
    await effects.nft(rulesetText({ networks, ports: [], names: [] }), guest);
  });
  after(() => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  });

  test('a cable into a running process: both families, on its bridge, and no way to another', async () => {
    const [first, second] = networks as [BridgeNetwork, BridgeNetwork];
    const web = await place(server('web'));
    await plugged(guest, first, { pid: web, host: 2 });
    const near = await place('setInterval(() => {}, 1e6)');
    await plugged(guest, first, { pid: near, host: 3 });
    const far = await place('setInterval(() => {}, 1e6)');
    await plugged(guest, second, { pid: far, host: 3 });
    await until('it answers', () => ask(near, '10.1.0.2') === 'web');
    assert.equal(ask(near, 'fd00:1::2'), 'web');
    assert.equal(ask(far, '10.1.0.2'), 'nobody');
    assert.equal(ask(far, 'fd00:1::2'), 'nobody');
  });

  test('an internal network is closed to others; without icc its own containers do not meet', async () => {
    const [first, , inner, apart] = networks as [BridgeNetwork, BridgeNetwork, BridgeNetwork, BridgeNetwork];
    const idle = 'setInterval(() => {}, 1e6)';
    const [web, near, far, alone, other] = [
      await place(server('inner')),
      await place(idle),
      await place(idle),
      await place(server('alone')),
      await place(idle),
    ];
    await plugged(guest, inner, { pid: web, host: 2 });
    await plugged(guest, inner, { pid: near, host: 3 });
    await plugged(guest, first, { pid: far, host: 9 });
    await plugged(guest, apart, { pid: alone, host: 2 });
    await plugged(guest, apart, { pid: other, host: 3 });
    await until('it answers', () => ask(near, '10.3.0.2') === 'inner');
    await until('it answers itself', () => ask(alone, '10.4.0.2') === 'alone');
    assert.equal(ask(far, '10.3.0.2'), 'nobody');
    assert.equal(ask(other, '10.4.0.2'), 'nobody');
  });

  test('the embedded name server in a network namespace: by rules of its own, again after another agent', async () => {
    const pid = await place('setInterval(() => {}, 1e6)');
    const view: NameView = {
      networks: [{ name: 'lab', members: [{ names: ['web', 'www'], ipv4: '10.1.0.2', ipv6: 'fd00:1::2' }] }],
      links: [],
      host: '10.0.2.2',
    };
    const names = { view: () => view, beyond: () => 'host' as const };
    for (const agent of ['first', 'second']) {
      const nameServer = new NameServer({ effects, names, hostNames: new HostNames() });
      await nameServer.open(agent, pid);
      const answers = await Promise.all(
        [
          ['web', 'A'],
          ['www.lab', 'AAAA'],
          ['2.0.1.10.in-addr.arpa', 'PTR'],
          ['host.docker.internal', 'A'],
          ['web', 'MX'],
          ['example.org', 'A'],
        ].map(
          ([name = '', type = '']) =>
            new Promise<string>((resolve) => {
              const child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', lookUp(name, type)]);
              let said = '';
              child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
              child.on('close', () => resolve(said.trim()));
            }),
        ),
      );
      assert.deepEqual(answers, ['10.1.0.2', 'fd00:1::2', 'web.lab', '10.0.2.2', 'ENODATA', 'ESERVFAIL']);
      nameServer.closeAll();
    }
  });
});
