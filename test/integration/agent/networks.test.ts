import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { describeOp } from '../../../guest-agent/plan/explain.ts';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import type { ContainerSpec, EndpointSettings } from '../../../guest-agent/protocol/container-spec.ts';
import {
  networkMethods as network,
  type NetworkInfo,
  type NetworkRequest,
} from '../../../guest-agent/protocol/network.ts';
import { containerSpec, plainLayer } from '../../support/container-spec.ts';
import { InProcessAgent, type Client } from '../../support/in-process-agent.ts';
import { until } from '../../support/until.ts';

let agent: InProcessAgent;
let client: Client;

beforeEach(async () => {
  agent = await new InProcessAgent().start();
  client = agent.client();
  await client.sendLayer(plainLayer, Buffer.from('an image'));
});
afterEach(() => agent.dispose());

const make = (name: string, changes: Partial<NetworkRequest> = {}): Promise<NetworkInfo> =>
  client.call(network.create, { name, internal: false, ipv6: false, pools: [], labels: {}, options: {}, ...changes });
const on = (name: string, changes: Partial<EndpointSettings> = {}): EndpointSettings => ({
  ...{ network: name, aliases: [], links: [] },
  ...changes,
});
const inspect = (id: string) => client.call(container.inspect, { id });

async function create(name: string, mode: string, changes: Partial<ContainerSpec> = {}): Promise<string> {
  const spec = containerSpec({ argv: ['sleep'], ...changes });
  const namespaces = { ...spec.namespaces, network: mode };
  return (await client.call(container.create, { name, spec: { ...spec, namespaces } })).id;
}

async function run(...args: Parameters<typeof create>): Promise<string> {
  const id = await create(...args);
  await client.call(container.start, { id, attach: false });
  return id;
}

const refused = (work: Promise<unknown>, code: string, message = /./): Promise<void> =>
  assert.rejects(work, { code, message });
const rules = (): string => agent.kernel.rulesets.findLast((text) => text.startsWith('table')) ?? '';

describe('networks', () => {
  test('made with what was asked for, found by name, id and prefix, removed with its bridge and rules', async () => {
    const pools = [{ subnet: '10.5.0.0/24', gateway: '10.5.0.254', ipRange: '10.5.0.128/25' }];
    const options = { 'com.docker.network.bridge.name': 'lab0', 'com.docker.network.driver.mtu': '1400' };
    const made = await make('lab', { pools, options, ipv6: true, labels: { a: 'b' } });
    assert.deepEqual([made.subnet, made.gateway, made.bridge, made.ipv6], ['10.5.0.0/24', '10.5.0.254', 'lab0', true]);
    assert.match(made.pools[1]?.subnet ?? '', /^fd.*\/64$/);
    const made6 = made.pools[1]?.gateway ?? '';
    assert.deepEqual(
      agent.kernel.applied.map(describeOp).filter((line) => line.includes('lab0')),
      [
        'netlink RTM_NEWLINK up name lab0 address 02:42:0a:05:00:fe mtu 1400 kind bridge',
        'netlink RTM_NEWADDR local 10.5.0.254 broadcast 10.5.0.255/24 ({index}: that of lab0)',
        `netlink RTM_NEWADDR local ${made6}/64 ({index}: that of lab0)`,
      ],
    );
    assert.match(rules(), /iifname "lab0" oifname "lab0" accept/);
    for (const reference of ['lab', made.id, made.id.slice(0, 12)])
      assert.deepEqual(await client.call(network.inspect, { network: reference }), made);
    assert.deepEqual(
      (await client.call(network.list, {})).map(({ name }) => name),
      ['bridge', 'lab', 'host', 'none'],
    );
    await client.call(network.remove, { network: made.id.slice(0, 6) });
    assert.doesNotMatch(rules(), /lab0/);
    await refused(client.call(network.inspect, { network: 'lab' }), 'no-such-network', /network lab not found/);
  });

  test('refused: taken names, pools and predefined networks', async () => {
    await make('one', { pools: [{ subnet: '10.6.0.0/16' }] });
    await refused(make('one'), 'name-in-use', /network with name one already exists/);
    await refused(make('bridge'), 'name-in-use');
    await refused(make('two', { pools: [{ subnet: '10.6.7.0/24' }] }), 'in-use', /Pool overlaps/);
    await refused(make('a/b'), 'invalid-argument');
    for (const name of ['bridge', 'host', 'none'])
      await refused(client.call(network.remove, { network: name }), 'permission-denied', /pre-defined network/);
    const free = await make('three', { avoid: ['172.17.0.0/16'] });
    assert.equal(free.subnet, '172.18.0.0/16');
  });

  test('fixed addresses, aliases, several networks: each with an interface, one with the way out', async () => {
    await make('front', { pools: [{ subnet: '10.7.0.0/24' }] });
    await make('back', { pools: [{ subnet: '10.8.0.0/24' }], internal: true });
    const networks = [on('front', { ipv4: '10.7.0.77', aliases: ['www'] }), on('back')];
    const id = await run('web', 'front', { networks, macAddress: '02:00:00:00:00:07' });
    const { endpoints, spec } = await inspect(id);
    assert.deepEqual(
      endpoints.map((one) => [one.network, one.interface, one.ipv4, one.gateway]),
      [
        ['front', 'eth0', '10.7.0.77', '10.7.0.1'],
        ['back', 'eth1', '10.8.0.2', ''],
      ],
    );
    assert.equal(endpoints[0]?.macAddress, '02:00:00:00:00:07');
    assert.deepEqual(endpoints[0].dnsNames, ['web', 'www', id.slice(0, 12)]);
    assert.equal(spec.networks?.length, 2);
    await refused(
      run('other', 'front', { networks: [on('front', { ipv4: '10.7.0.77' })] }),
      'in-use',
      /already in use/,
    );
    await refused(client.call(network.remove, { network: 'front' }), 'in-use', /has active endpoints \(name:"web"/);
    for (const [mode, bad] of [
      ['front', [on('front', { ipv4: '10.9.0.1' })]],
      ['front', [on('front', { ipv6: 'fd00::1' })]],
      ['bridge', [on('bridge', { ipv4: '172.30.0.9' })]],
      ['bridge', [on('bridge', { aliases: ['x'] })]],
      ['front', [on('back'), on('back')]],
      ['none', [on('back')]],
    ] as const)
      await refused(create('', mode, { networks: [...bad] }), 'invalid-argument');
    await refused(create('', 'nowhere'), 'no-such-network', /network nowhere not found/);
  });

  test('connect and disconnect while it runs, and while it does not', async () => {
    await make('a-net', { pools: [{ subnet: '10.7.0.0/24' }] });
    const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostAddress: '', hostPort: 8080 }];
    const id = await run('web', 'bridge', { ports });
    const [process] = agent.kernel.running.values();
    await client.call(network.connect, { container: 'web', endpoint: on('a-net', { aliases: ['www'] }) });
    const inside = agent.kernel.appliedIn.filter((one) => one.pid === process?.pid).map(({ op }) => describeOp(op));
    assert.deepEqual(inside, [
      'netlink RTM_NEWADDR local 10.7.0.2 broadcast 10.7.0.255/24 ({index}: that of eth1)',
      'netlink RTM_NEWLINK up name eth1',
      'netlink RTM_NEWROUTE default via 10.7.0.1',
      'netlink RTM_NEWROUTE default via 10.7.0.1',
    ]);
    assert.match(agent.kernel.rulesets.at(-1) ?? '', /^delete element .*\nadd element .* : 10\.7\.0\.2 \. 80/);
    await refused(
      client.call(network.connect, { container: id, endpoint: on('a-net') }),
      'wrong-state',
      /already exists in network a-net/,
    );
    await client.call(network.disconnect, { network: 'bridge', container: id, force: false });
    assert.match(describeOp(agent.kernel.applied.at(-2) ?? assert.fail()), /RTM_DELLINK name bv/);
    assert.deepEqual(
      (await inspect(id)).endpoints.map((one) => one.network),
      ['a-net'],
    );
    const off = { network: 'bridge', container: id };
    await refused(client.call(network.disconnect, { ...off, force: false }), 'wrong-state', /is not connected/);
    await client.call(network.disconnect, { ...off, force: true });
    await client.call(container.kill, { id, signal: 'KILL' });
    await until(
      'it has left',
      async () => (await client.call(network.inspect, { network: 'a-net' })).containers.length === 0,
    );
    await client.call(network.connect, { container: id, endpoint: on('bridge') });
    await client.call(container.start, { id, attach: false });
    assert.deepEqual(
      (await inspect(id)).endpoints.map((one) => one.network),
      ['a-net', 'bridge'],
    );
    const alone = await create('alone', 'none');
    await refused(client.call(network.connect, { container: alone, endpoint: on('a-net') }), 'wrong-state');
  });

  test('prune takes what no running container is on, by label and age', async () => {
    await make('kept', { labels: { keep: 'yes' } });
    await make('used');
    await make('idle');
    await run('web', 'used');
    assert.deepEqual(await client.call(network.prune, { before: '1' }), { names: [] });
    assert.deepEqual(await client.call(network.prune, { withoutLabels: ['keep=yes'] }), { names: ['idle'] });
    assert.deepEqual(await client.call(network.prune, { labels: ['keep'] }), { names: ['kept'] });
  });

  test('events tell who came and went', async () => {
    const { id } = await make('n');
    const web = await run('web', 'n');
    await client.call(container.kill, { id: web, signal: 'KILL' });
    await until('told', () => client.events.some(({ action }) => action === 'disconnect'));
    const told = client.events.filter(({ kind }) => kind === 'network');
    assert.deepEqual(
      told.map(({ action, id: whose }) => [action, whose]),
      [
        ['create', id],
        ['connect', id],
        ['disconnect', id],
      ],
    );
    assert.equal(told[1]?.attributes?.['container'], web);
    assert.equal(told[1].attributes['name'], 'n');
  });
});

describe('after the agent was killed', () => {
  test('networks, their containers and addresses are known again, and nothing is given twice', async () => {
    const made = await make('n', { pools: [{ subnet: '10.7.0.0/29' }], ipv6: true });
    const id = await run('web', 'n', { networks: [on('n', { aliases: ['www'] }), on('bridge')] });
    const { endpoints } = await inspect(id);
    await agent.stop();
    await agent.start();
    client = agent.client();
    assert.deepEqual(await client.call(network.inspect, { network: 'n' }), { ...made, containers: [id] });
    assert.deepEqual((await inspect(id)).endpoints, endpoints);
    await refused(run('other', 'n', { networks: [on('n', { ipv4: endpoints[0]?.ipv4 ?? '' })] }), 'in-use');
    await agent.engine.networks.ready();
    assert.match(rules(), new RegExp(`iifname "${made.bridge}"`));
  });
});
