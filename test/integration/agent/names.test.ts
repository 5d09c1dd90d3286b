import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { decode, encode, type DecodedPacket } from 'dns-packet';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import type { EndpointSettings } from '../../../guest-agent/protocol/container-spec.ts';
import { handshakeMethods } from '../../../guest-agent/protocol/handshake.ts';
import { nameMethods, type LookUpAnswer, type LookUpQuestion } from '../../../guest-agent/protocol/names.ts';
import { networkMethods as network } from '../../../guest-agent/protocol/network.ts';
import { protocolVersion } from '../../../guest-agent/protocol/version.ts';
import { framed, TcpMessages } from '../../../guest-agent/services/dns-upstream.ts';
import { containerSpec, plainLayer } from '../../support/container-spec.ts';
import { InProcessAgent, type Client } from '../../support/in-process-agent.ts';
import { until } from '../../support/until.ts';

let agent: InProcessAgent;
let client: Client;

beforeEach(async () => {
  agent = await new InProcessAgent().start();
  client = agent.client();
  await client.sendLayer(plainLayer, Buffer.from('an image'));
  const common = { ipv6: false, labels: {}, options: {} };
  await client.call(network.create, { ...common, name: 'front', internal: false, pools: [{ subnet: '10.7.0.0/24' }] });
  await client.call(network.create, { ...common, name: 'back', internal: true, pools: [{ subnet: '10.8.0.0/24' }] });
});
afterEach(() => agent.dispose());

const on = (name: string, changes: Partial<EndpointSettings> = {}): EndpointSettings => ({
  ...{ network: name, aliases: [], links: [] },
  ...changes,
});

/** @returns the pid of its process */
async function run(name: string, networks: EndpointSettings[]): Promise<number> {
  const spec = containerSpec({ argv: ['sleep'], networks });
  const namespaces = { ...spec.namespaces, network: networks[0]?.network ?? 'bridge' };
  const { id } = await client.call(container.create, { name, spec: { ...spec, namespaces } });
  await client.call(container.start, { id, attach: false });
  const { state } = await client.call(container.inspect, { id });
  return state.status === 'running' ? state.pid : assert.fail(state.status);
}

function question(name: string, type: 'A' | 'AAAA' | 'PTR' | 'TXT' = 'A'): Buffer {
  return encode({ type: 'query', id: 4711, questions: [{ name, type }] });
}

function portOf(pid: number): number {
  const udp: UdpSocket = agent.kernel.nameSockets.get(pid)?.udp ?? assert.fail('nothing listens');
  return udp.address().port;
}

async function exchange(pid: number, message: Buffer): Promise<DecodedPacket> {
  const socket = createSocket('udp4');
  socket.send(message, portOf(pid), '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return decode(answer);
}

async function look(pid: number, ...args: Parameters<typeof question>): Promise<unknown[] | undefined> {
  const { answers } = await exchange(pid, question(...args));
  return answers?.map((answer) => ('data' in answer ? answer.data : undefined));
}

test('names, aliases, links and the reverse, as each container sees them', async () => {
  const web = await run('web', [on('front', { aliases: ['www'] }), on('back')]);
  const store = await run('store', [on('back')]);
  const other = await run('other', [on('front', { links: [{ container: 'web', alias: 'site' }] })]);
  assert.deepEqual(await look(other, 'web'), ['10.7.0.2']);
  assert.deepEqual(await look(other, 'www.front'), ['10.7.0.2']);
  assert.deepEqual(await look(other, 'site'), ['10.7.0.2']);
  assert.deepEqual(await look(web, 'store'), ['10.8.0.3']);
  assert.deepEqual(await look(store, 'web', 'AAAA'), []);
  assert.deepEqual(await look(store, '2.0.8.10.in-addr.arpa', 'PTR'), ['web.back']);
  const { id, flag_qr: isAnswer, questions } = await exchange(web, question('store'));
  assert.deepEqual([id, isAnswer, questions?.[0]?.name], [4711, true, 'store']);
  await client.call(container.rename, { id: 'web', name: 'shop' });
  assert.deepEqual(await look(other, 'shop'), ['10.7.0.2']);
});

test('by TCP too, several questions on one connection', async () => {
  const pid = await run('web', [on('front')]);
  const { port } = agent.kernel.nameSockets.get(pid)?.tcp.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const reader = new TcpMessages();
  const answers: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answers.push(...reader.push(chunk)));
  const both = Buffer.concat([framed(question('web')), framed(question('web', 'AAAA'))]);
  socket.write(both.subarray(0, 5));
  socket.write(both.subarray(5));
  while (answers.length < 2) await once(socket, 'data');
  socket.destroy();
  assert.deepEqual(
    answers.map((answer) => decode(answer).answers?.length),
    [1, 0],
  );
});

test('a network without a way out asks nobody; rubbish breaks nothing', async () => {
  const pid = await run('inner', [on('back')]);
  const asked = hostKnows({ 'example.org': { outcome: 'no-data' } });
  assert.equal(codeOf(await exchange(pid, question('example.org'))), 2);
  assert.deepEqual(asked, []);
  const rubbish = Buffer.concat([question('web').subarray(0, 14), Buffer.from([0xff, 0xff, 0xff])]);
  assert.equal(codeOf(await exchange(pid, rubbish)), 1);
  assert.deepEqual(await look(pid, 'inner'), ['10.8.0.2']);
});

/** The client is the host: it answers by name. */
function hostKnows(answers: Record<string, LookUpAnswer>): LookUpQuestion[] {
  const asked: LookUpQuestion[] = [];
  client.connection.onRequest(nameMethods.lookUp.name, (question: LookUpQuestion) => {
    asked.push(question);
    return answers[question.name] ?? { outcome: 'no-such-name' };
  });
  return asked;
}
const codeOf = ({ flags = 0 }: DecodedPacket): number => flags & 15;

test('what the engine does not know the host answers: records, nothing of that type, no such name, a failure', async () => {
  const pid = await run('web', [on('front')]);
  const asked = hostKnows({
    'vpn.corp': { outcome: 'found', records: [{ type: 'A', data: '10.20.30.40' }] },
    'text.corp': { outcome: 'found', records: [{ type: 'TXT', data: ['one', 'two'] }] },
    'empty.corp': { outcome: 'no-data' },
    'broken.corp': { outcome: 'failed', reason: 'timeout' },
  });
  assert.deepEqual(await look(pid, 'vpn.corp'), ['10.20.30.40']);
  assert.deepEqual(await look(pid, 'text.corp', 'TXT'), [[Buffer.from('one'), Buffer.from('two')]]);
  const code = async (name: string) => codeOf(await exchange(pid, question(name)));
  assert.deepEqual(await Promise.all(['empty.corp', 'no.corp', 'broken.corp', 'web'].map(code)), [0, 3, 2, 0]);
  const other = encode({ type: 'query', id: 1, questions: [{ name: 'vpn.corp', type: 'SSHFP' }] });
  assert.equal(codeOf(await exchange(pid, other)), 4);
  assert.deepEqual(asked.map(({ name }) => name).toSorted(), [
    'broken.corp',
    'empty.corp',
    'no.corp',
    'text.corp',
    'vpn.corp',
  ]);
});

test('what is too big for a datagram comes by TCP, for which the sign is given', async () => {
  const pid = await run('web', [on('front')]);
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(200, 'x'));
  hostKnows({ 'big.corp': { outcome: 'found', records: texts.map((text) => ({ type: 'TXT', data: [text] })) } });
  const { flag_tc: truncated, answers: kept = [] } = await exchange(pid, question('big.corp', 'TXT'));
  assert.deepEqual([truncated, kept.length], [true, 2]);
  const { port } = agent.kernel.nameSockets.get(pid)?.tcp.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const reader = new TcpMessages();
  const whole: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => whole.push(...reader.push(chunk)));
  socket.write(framed(question('big.corp', 'TXT')));
  while (whole.length === 0) await once(socket, 'data');
  socket.destroy();
  assert.equal(decode(whole[0] ?? assert.fail()).answers?.length, 20);
});

test('without a host names of the world fail at once; those of the engine are answered', async () => {
  const pid = await run('web', [on('front')]);
  const asked = Promise.withResolvers<undefined>();
  client.connection.onRequest(nameMethods.lookUp.name, () => {
    asked.resolve(undefined);
    return new Promise(() => undefined);
  });
  const waiting = exchange(pid, question('example.org'));
  await asked.promise;
  client.close();
  assert.equal(codeOf(await waiting), 2, 'the host left while it was asked');
  assert.equal(codeOf(await exchange(pid, question('example.org'))), 2);
  assert.deepEqual(await look(pid, 'web'), ['10.7.0.2']);
});

test('a container that asks without end keeps nobody else waiting', async () => {
  const [busy, calm] = [await run('busy', [on('front')]), await run('calm', [on('front')])];
  const slow = Promise.withResolvers<LookUpAnswer>();
  client.connection.onRequest(nameMethods.lookUp.name, async ({ name }: LookUpQuestion): Promise<LookUpAnswer> =>
    name === 'slow.corp' ? await slow.promise : { outcome: 'found', records: [{ type: 'A', data: '10.9.9.9' }] },
  );
  const flood = Array.from({ length: 100 }, () => exchange(busy, question('slow.corp')));
  const first = await Promise.race(flood);
  assert.equal(codeOf(first), 2);
  assert.deepEqual(await look(calm, 'fast.corp'), ['10.9.9.9']);
  slow.resolve({ outcome: 'no-such-name' });
  const codes = (await Promise.all(flood)).map(codeOf);
  assert.deepEqual([codes.filter((code) => code === 3).length, codes.filter((code) => code === 2).length], [64, 36]);
});

test('the default bridge and the guest itself are led to a server in the guest', async () => {
  await agent.stop();
  writeFileSync(agent.paths.resolvConf, 'nameserver 10.0.2.3\nnameserver fe80::1\n');
  await agent.start('second boot');
  client = agent.client();
  await client.call(handshakeMethods.hello, { protocolVersion, hostVersion: '1' });
  const sockets = await until('it listens', () => agent.kernel.nameSockets.get(process.pid));
  const rules = agent.kernel.rulesets.at(-1) ?? '';
  assert.equal(rules.match(/ip daddr \{ 10\.0\.2\.3 \} (udp|tcp) dport 53 dnat ip to 172\.30\.0\.1:61053/g)?.length, 4);
  hostKnows({ 'vpn.corp': { outcome: 'found', records: [{ type: 'A', data: '10.20.30.40' }] } });
  assert.deepEqual(await look(process.pid, 'vpn.corp'), ['10.20.30.40']);
  await run('web', [on('front')]);
  assert.equal(codeOf(await exchange(process.pid, question('web'))), 3);
  assert.ok(sockets.udp.address().port > 0);
});

test('the file says who is to be asked; after the end nobody listens', async () => {
  const pid = await run('web', [on('front')]);
  const [process] = agent.kernel.running.values();
  const texts = process?.plan.before.flatMap((op) => (op.op === 'createFile' ? [Buffer.from(op.data).toString()] : []));
  assert.ok(texts?.includes('nameserver 127.0.0.11\noptions ndots:0\n'));
  const sockets = agent.kernel.nameSockets.get(pid) ?? assert.fail();
  const closed = once(sockets.udp, 'close');
  await client.call(container.kill, { id: 'web', signal: 'KILL' });
  await closed;
});
