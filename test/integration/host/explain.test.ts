/** Explanations over the whole stack but the kernel: front door, host service, agent, and the host's resolver asked back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Explanation } from '../../../app/contract/index.ts';
import type { ControlClient } from '../../../app/control/client.ts';
import { openStore } from '../../../app/content/store.ts';
import { checkPort } from '../../../app/ports/port-check.ts';
import { imageSource } from '../../../app/services/images.ts';
import type { FakeMachine } from '../../support/fake-machine.ts';
import { hostOver } from '../../support/host-pair.ts';
import { InProcessAgent } from '../../support/in-process-agent.ts';
import { makeOciLayout } from '../../support/oci-layout.ts';
import { runConfig } from '../../support/run-config.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

interface Stack {
  readonly agent: InProcessAgent;
  readonly machine: FakeMachine;
  readonly client: ControlClient;
}

async function stack(t: TestContext): Promise<Stack> {
  const folder = await temporaryFolder(t);
  const agent = await new InProcessAgent().start();
  const store = await openStore(join(folder, 'content'));
  t.after(async () => {
    store.close();
    await agent.dispose();
  });
  const { connect, machine } = await hostOver(t, { folder, guest: agent, images: imageSource(store, 'linux/amd64') });
  const client = await connect();
  const layout = join(folder, 'layout');
  makeOciLayout(layout, [[{ path: 'bin/sleep', data: 'program' }]], { Cmd: ['sleep'] });
  await client.api.images.importLayout({ path: layout, reference: 'tiny' });
  return { agent, machine, client };
}

async function run(client: ControlClient, name: string, change: Parameters<typeof runConfig>[0]): Promise<string> {
  const { id } = await client.api.containers.create({ name, config: runConfig({ image: 'tiny', ...change }) });
  await client.api.containers.start({ id, attach: false });
  return id;
}

/** As the launcher would have: the kernel is played. */
function write(agent: InProcessAgent, container: string, file: string, text: string): void {
  const folder = join(agent.paths.data, 'containers', container);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), text);
}

const brokenAt = ({ hops, works }: Explanation): [boolean, string | undefined, string | undefined] => {
  const hop = hops.find(({ status }) => status === 'broken');
  return [works, hop?.name, hop?.fix];
};

describe('a port', () => {
  test('from a stopped machine to one whose process answers, each broken step on the way', async (t) => {
    const { agent, client } = await stack(t);
    const { api } = client;
    const port = await checkPort('127.0.0.1', 0);
    const look = () => api.explain.port({ port, protocol: 'tcp' });
    assert.deepEqual(brokenAt(await look()), [false, 'machine', 'berth start']);
    await api.engine.start({});
    assert.equal(brokenAt(await look())[1], 'host listener');
    const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort: port }];
    const id = await run(client, 'web', { ports });
    assert.deepEqual(brokenAt(await look()), [false, 'guest rule', 'berth restart web']);
    const { endpoints } = await api.containers.inspect({ id });
    const guestPort = agent.engine.networks.ports.list()[0]?.guestPort ?? 0;
    const address = endpoints[0]?.ipv4 ?? '';
    agent.kernel.answers.portRules = [{ guestPort, address, port: 80 }];
    assert.equal(brokenAt(await look())[1], 'process');
    agent.kernel.answers.listeners = [{ address: '127.0.0.1', port: 80, pid: 5, command: 'node' }];
    const inside = await look();
    assert.equal(brokenAt(inside)[1], 'process');
    assert.match(inside.verdict, /node \(pid 5 in the guest\) listens on 127\.0\.0\.1:80 only/);
    assert.deepEqual(
      inside.hops.slice(0, 4).map(({ status }) => status),
      ['ok', 'ok', 'ok', 'ok'],
    );
    assert.match(inside.hops[0]?.detail ?? '', new RegExp(`127\\.0\\.0\\.1:${port}`));
    await api.containers.kill({ id, signal: 'KILL' });
    await api.containers.wait({ id, condition: 'not-running' });
    assert.deepEqual(brokenAt(await look()).slice(0, 2), [false, 'container']);
    await until('its port is given back', async () => (await checkPort('127.0.0.1', port)) === port);
    const taker = createServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    t.after(() => taker.close());
    await assert.rejects(api.containers.start({ id, attach: false }), { code: 'port-busy' });
  });
});

describe('a name', () => {
  test('by whom it is answered, and why it is not, as each container asks', async (t) => {
    const { agent, machine, client } = await stack(t);
    const { api } = client;
    writeFileSync(agent.paths.resolvConf, 'nameserver 10.0.2.3\n');
    machine.names = ({ name, type }) =>
      Promise.resolve(
        name === 'git.corp' && type === 'A'
          ? { outcome: 'found', records: [{ type, data: '10.20.30.40' }] }
          : { outcome: name === 'git.corp' ? 'no-data' : 'no-such-name' },
      );
    await api.engine.start({});
    const network = { ipv6: false, pools: [], labels: {}, options: {} };
    await api.networks.create({ ...network, name: 'front', internal: false });
    await api.networks.create({ ...network, name: 'back', internal: true });
    const on = (name: string, aliases: string[] = []) => ({
      networks: [{ network: name, aliases, links: [] }],
      namespaces: { ...runConfig({}).namespaces, network: name },
    });
    const web = await run(client, 'web', on('front', ['www']));
    await run(client, 'db', on('back', ['store']));
    const plain = await run(client, 'plain', {});
    write(agent, plain, 'resolv.conf', 'nameserver 10.0.2.3\n');
    const look = async (name: string, from?: string) => api.explain.dns({ name, from });
    const verdict = async (name: string, from?: string) => (await look(name, from)).verdict;
    assert.match(await verdict('www', 'web'), /^www is 172\./);
    assert.equal(await verdict('git.corp', 'web'), 'git.corp is 10.20.30.40');
    assert.deepEqual(brokenAt(await look('store', 'web')), [
      false,
      'names of containers',
      'berth network connect back web',
    ]);
    assert.equal(brokenAt(await look('nowhere.corp', 'web'))[1], 'host resolver');
    assert.deepEqual(brokenAt(await look('git.corp', 'db')), [
      false,
      'host resolver',
      'berth network connect bridge db',
    ]);
    assert.equal(await verdict('git.corp', 'plain'), await verdict('git.corp', 'web'));
    assert.match(brokenAt(await look('web', 'plain'))[2] ?? '', /berth network connect front plain/);
    write(agent, web, 'hosts', '10.1.2.3 api.local api\n');
    assert.equal(await verdict('api', 'web'), 'api is 10.1.2.3');
    await assert.rejects(look('db', 'nobody'), { code: 'no-such-container' });
  });
});
