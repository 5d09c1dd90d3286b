/** Everything but the kernel and the machine: control client ⇄ host service ⇄ guest client ⇄ agent, over real sockets. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { decode, encode } from 'dns-packet';
import { frameKind } from '../../../guest-agent/protocol/index.ts';
import { readAll } from '../../../app/base/streams.ts';
import { openStore } from '../../../app/content/store.ts';
import { FrameDecoder, decodeExit } from '../../../app/contract/index.ts';
import type { ControlClient } from '../../../app/control/client.ts';
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
  const images = imageSource(store, 'linux/amd64');
  const { connect, machine } = await hostOver(t, { folder, guest: agent, images });
  const client = await connect();
  const layout = join(folder, 'layout');
  makeOciLayout(layout, [[{ path: 'bin/echo', data: 'program' }], [{ path: 'etc/motd', data: 'hello' }]], {
    Env: ['GREETING=hello'],
    Cmd: ['echo', 'from', 'the', 'image'],
  });
  const { references } = await client.api.images.importLayout({ path: layout, reference: 'tiny' });
  assert.deepEqual(references, ['tiny:latest']);
  await client.api.engine.start({});
  return { agent, machine, client };
}

async function output(client: ControlClient, token: string | undefined): Promise<{ text: string; exitCode?: number }> {
  const stream = await client.openStream(token ?? '');
  const frames = new FrameDecoder().push(await readAll(stream, 1_000_000));
  const text = frames
    .filter(({ kind }) => kind === frameKind.stdout)
    .map(({ payload }) => Buffer.from(payload).toString());
  const exit = frames.find(({ kind }) => kind === frameKind.exit);
  return { text: text.join(''), exitCode: exit && decodeExit(exit.payload).exitCode };
}

test('an image is imported, its layers brought over, and its command run with all its output', async (t) => {
  const { client } = await stack(t);
  const { api } = client;
  const { id, name } = await api.containers.create({ name: 'first', config: runConfig({ image: 'tiny' }) });
  assert.equal(name, 'first');
  const { stream } = await api.containers.start({ id, attach: true });
  assert.deepEqual(await output(client, stream), { text: 'from the image\n', exitCode: 0 });
  assert.deepEqual(await api.containers.wait({ id, condition: 'not-running' }), { exitCode: 0 });
  const { spec } = await api.containers.inspect({ id });
  assert.ok(spec.env.includes('GREETING=hello'));
  assert.equal(spec.image.layers.length, 2);
  const [image] = await api.images.list({});
  assert.deepEqual([image?.references, image?.platform, image?.layers.length], [['tiny:latest'], 'linux/amd64', 2]);
  const logs = await api.containers.logs({ id, follow: false, stdout: true, stderr: true, tail: -1 });
  assert.match((await output(client, logs.stream)).text, /from the image/);
});

test('errors of the agent reach the caller with their codes; nothing is left behind', async (t) => {
  const { client } = await stack(t);
  const { api } = client;
  const config = runConfig({ image: 'tiny', command: ['missing'] });
  const { id } = await api.containers.create({ name: '', config });
  await assert.rejects(api.containers.start({ id, attach: true }), { code: 'command-not-found' });
  await api.containers.create({ name: 'taken', config });
  await assert.rejects(api.containers.create({ name: 'taken', config }), { code: 'name-in-use' });
  await assert.rejects(api.containers.inspect({ id: 'nobody' }), { code: 'no-such-container' });
  await assert.rejects(api.containers.create({ name: '', config: { ...config, image: 'absent' } }), {
    code: 'no-such-image',
  });
});

test('an agent that is killed and comes back: waits go on, the container is known, calls work', async (t) => {
  const { agent, client } = await stack(t);
  const { api } = client;
  const { id } = await api.containers.create({
    name: 'long',
    config: runConfig({ image: 'tiny', command: ['sleep'] }),
  });
  await api.containers.start({ id, attach: false });
  const ended = api.containers.wait({ id, condition: 'not-running' });
  await agent.stop();
  await until('the loss is told', async () => {
    const state = await api.engine.state({});
    return state.status === 'running' && state.agentLost;
  });
  await agent.start();
  await until('the agent is back', async () => {
    const state = await api.engine.state({});
    return state.status === 'running' && !state.agentLost;
  });
  assert.equal((await api.containers.inspect({ id })).state.status, 'running');
  await api.containers.kill({ id, signal: 'SIGKILL' });
  assert.deepEqual(await ended, { exitCode: 137 });
});

test('a container asks for a name of the world, and the host’s resolver answers', async (t) => {
  const { agent, machine, client } = await stack(t);
  machine.names = ({ name, type }) =>
    Promise.resolve(
      name === 'git.corp' && type === 'A'
        ? { outcome: 'found', records: [{ type, data: '10.20.30.40' }] }
        : { outcome: 'no-such-name' },
    );
  const { networks, containers } = client.api;
  await networks.create({ name: 'front', internal: false, ipv6: false, pools: [], labels: {}, options: {} });
  const config = runConfig({
    image: 'tiny',
    command: ['sleep'],
    networks: [{ network: 'front', aliases: [], links: [] }],
  });
  const { id } = await containers.create({ name: 'web', config });
  await containers.start({ id, attach: false });
  const ask = async (name: string): Promise<[number, unknown[]]> => {
    const query = encode({ type: 'query', id: 1, questions: [{ name, type: 'A' }] });
    const { flags = 0, answers = [] } = decode(
      (await agent.engine.nameServer.answer(id, query, 'udp')) ?? assert.fail(),
    );
    return [flags & 15, answers.map((one) => 'data' in one && one.data)];
  };
  assert.deepEqual(await ask('git.corp'), [0, ['10.20.30.40']]);
  assert.deepEqual(await ask('nowhere.corp'), [3, []]);
  await client.api.engine.stop({ force: true });
  assert.deepEqual(await ask('git.corp'), [2, []]);
});
