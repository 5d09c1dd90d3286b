import assert from 'node:assert/strict';
import { request } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { routes } from '../../../app/docker-api/routes/index.ts';
import { faults, operations } from '../../support/api-description.ts';
import { dockerStack } from '../../support/docker-stack.ts';
import { fakeRegistry } from '../../support/fake-registry.ts';
import { InProcessAgent } from '../../support/in-process-agent.ts';
import { ArchivingKernel } from '../../support/played-archiver.ts';
import { madeImage } from '../../support/registry-client.ts';
import { makeTar } from '../../support/tar.ts';

interface Answer {
  readonly status: number;
  /** Several where they come as a stream; what is no JSON as text. */
  readonly bodies: readonly unknown[];
  readonly bytes: Buffer;
}

type Body = object | Buffer;

function ask(socketPath: string, method: string, path: string, body?: Body): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json';
  const headers = body === undefined ? {} : { 'Content-Type': type };
  const sent = request({ socketPath, method, path, headers }, (response) => {
    buffer(response).then((bytes) => {
      const isJson = response.headers['content-type'] === 'application/json';
      const lines = isJson ? bytes.toString().split('\n').filter(Boolean) : [];
      const bodies = lines.map((line): unknown => JSON.parse(line));
      resolve({ status: response.statusCode ?? 0, bodies: bodies.length > 0 ? bodies : [bytes.toString()], bytes });
    }, reject);
  });
  sent.once('error', reject);
  sent.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  return promise;
}

type Question = readonly [method: string, path: string, url: string, body?: Body];

async function judge(socketPath: string, [method, path, url, body]: Question): Promise<Answer> {
  const answer = await ask(socketPath, method, url, body);
  for (const one of answer.bodies) {
    const found = faults(method, path, answer.status, one);
    assert.deepEqual(found, [], `${method} ${url}: ${answer.status} ${JSON.stringify(one)}`);
  }
  return answer;
}

test('every endpoint of the description has a route, and no route is beside it', () => {
  const described = operations().map(({ method, path }) => `${method} ${path}`);
  // Builders' clients ask for it; the description of these days leaves it out.
  const named = [...described, 'POST /grpc'].toSorted();
  assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted(), named);
});

const containers: readonly Question[] = [
  ['GET', '/containers/json', '/containers/json?all=1&size=1'],
  ['GET', '/containers/{id}/json', '/containers/judged/json?size=1'],
  ['GET', '/containers/{id}/json', '/containers/nobody/json'],
  ['POST', '/containers/create', '/containers/create', { Image: 'absent' }],
  ['POST', '/containers/create', '/containers/create?name=judged', { Image: 'tiny' }],
  ['POST', '/containers/create', '/containers/create', { Image: 5 }],
  ['POST', '/containers/create', '/containers/create', { Image: 'tiny', HostConfig: { Links: ['a:b'] } }],
  ['POST', '/containers/{id}/start', '/containers/judged/start'],
  ['POST', '/containers/{id}/rename', '/containers/judged/rename?name=renamed'],
  ['GET', '/containers/{id}/top', '/containers/renamed/top'],
  ['GET', '/containers/{id}/top', '/containers/renamed/top?ps_args=-o%20cmd'],
  ['POST', '/containers/{id}/update', '/containers/renamed/update', {}],
  ['POST', '/containers/{id}/resize', '/containers/renamed/resize?h=10&w=20'],
  ['POST', '/containers/{id}/pause', '/containers/renamed/pause'],
  ['POST', '/containers/{id}/unpause', '/containers/renamed/unpause'],
  ['POST', '/containers/{id}/restart', '/containers/renamed/restart?t=0'],
  ['GET', '/containers/{id}/stats', '/containers/renamed/stats?stream=0&one-shot=1'],
  ['GET', '/containers/{id}/logs', '/containers/renamed/logs?stdout=1&details=1'],
  ['GET', '/containers/{id}/logs', '/containers/nobody/logs?stdout=1'],
  ['POST', '/containers/{id}/attach', '/containers/renamed/attach?logs=1&stdout=1'],
  ['POST', '/containers/{id}/attach', '/containers/renamed/attach?detachKeys=odd'],
  ['GET', '/containers/{id}/attach/ws', '/containers/renamed/attach/ws?logs=1'],
  ['PUT', '/containers/{id}/archive', '/containers/renamed/archive?path=/', makeTar([{ path: 'in', data: 'in' }])],
  ['PUT', '/containers/{id}/archive', '/containers/renamed/archive?path=/', Buffer.from('no archive')],
  ['PUT', '/containers/{id}/archive', '/containers/nobody/archive?path=/', Buffer.alloc(0)],
  ['HEAD', '/containers/{id}/archive', '/containers/renamed/archive?path=/in'],
  ['HEAD', '/containers/{id}/archive', '/containers/renamed/archive'],
  ['GET', '/containers/{id}/archive', '/containers/renamed/archive?path=/in'],
  ['GET', '/containers/{id}/archive', '/containers/renamed/archive?path=/absent'],
  ['GET', '/containers/{id}/changes', '/containers/renamed/changes'],
  ['GET', '/containers/{id}/export', '/containers/renamed/export'],
  ['POST', '/commit', '/commit?container=renamed&repo=made', { Env: ['A=1'] }],
  ['POST', '/commit', '/commit?container=nobody'],
];

const volumesAndNetworks: readonly Question[] = [
  ['GET', '/volumes', '/volumes'],
  ['GET', '/volumes/{name}', '/volumes/data'],
  ['POST', '/volumes/create', '/volumes/create', { Name: 'other' }],
  ['DELETE', '/volumes/{name}', '/volumes/data'],
  ['DELETE', '/volumes/{name}', '/volumes/other'],
  ['POST', '/volumes/prune', '/volumes/prune'],
  ['GET', '/networks', '/networks'],
  ['GET', '/networks/{id}', '/networks/bridge'],
  ['GET', '/networks/{id}', '/networks/absent'],
  ['POST', '/networks/create', '/networks/create', { Name: 'mine', IPAM: { Config: [{ Subnet: '10.77.0.0/24' }] } }],
  ['POST', '/networks/create', '/networks/create', { Name: 'other', Driver: 'odd' }],
  ['GET', '/networks/{id}', '/networks/mine'],
  ['POST', '/networks/{id}/connect', '/networks/mine/connect', { Container: 'renamed' }],
  ['POST', '/networks/{id}/connect', '/networks/mine/connect', { Container: 'nobody' }],
  ['GET', '/containers/{id}/json', '/containers/renamed/json'],
  ['POST', '/networks/{id}/disconnect', '/networks/mine/disconnect', { Container: 'renamed' }],
  ['DELETE', '/networks/{id}', '/networks/bridge'],
  ['DELETE', '/networks/{id}', '/networks/mine'],
  ['POST', '/networks/prune', '/networks/prune'],
];

const ends: readonly Question[] = [
  ['POST', '/containers/{id}/kill', '/containers/renamed/kill'],
  ['POST', '/containers/{id}/wait', '/containers/renamed/wait'],
  ['POST', '/containers/{id}/kill', '/containers/renamed/kill'],
  ['POST', '/containers/{id}/stop', '/containers/renamed/stop'],
  ['GET', '/containers/{id}/stats', '/containers/renamed/stats?stream=0'],
  ['DELETE', '/containers/{id}', '/containers/renamed?link=1'],
  ['DELETE', '/containers/{id}', '/containers/renamed?v=1'],
  ['POST', '/containers/prune', '/containers/prune'],
];

const engine: readonly Question[] = [
  ['GET', '/_ping', '/_ping'],
  ['HEAD', '/_ping', '/_ping'],
  ['GET', '/version', '/version'],
  ['GET', '/info', '/info'],
  ['GET', '/system/df', '/system/df'],
  ['GET', '/events', '/events?since=odd'],
  ['GET', '/plugins', '/plugins'],
  ['POST', '/build/prune', '/build/prune'],
];

function images(registry: string, tar: Buffer): readonly Question[] {
  return [
    ['GET', '/images/json', '/images/json'],
    ['GET', '/images/{name}/json', '/images/tiny/json'],
    ['GET', '/images/{name}/json', '/images/absent/json'],
    ['GET', '/images/{name}/history', '/images/tiny/history'],
    ['GET', '/images/{name}/get', '/images/tiny/get'],
    ['POST', '/images/load', '/images/load', tar],
    ['POST', '/images/{name}/tag', `/images/tiny/tag?repo=${registry}/team/other&tag=1`],
    ['POST', '/images/{name}/tag', '/images/absent/tag?repo=x'],
    ['POST', '/images/create', `/images/create?fromImage=${registry}/team/thing&tag=1`],
    ['POST', '/images/{name}/push', `/images/${registry}/team/other/push?tag=1`],
    ['GET', '/distribution/{name}/json', `/distribution/${registry}/team/thing:1/json`],
    ['GET', '/images/search', `/images/search?term=${registry}/thing`],
    ['POST', '/auth', '/auth', { username: 'ada', password: 'right', serveraddress: registry }],
    ['DELETE', '/images/{name}', `/images/${registry}/team/other:1`],
    ['DELETE', '/images/{name}', '/images/absent'],
    ['POST', '/images/prune', '/images/prune'],
  ];
}

test('answers are as Docker describes them, those of every endpoint that is here', async (t) => {
  const agent = new InProcessAgent();
  agent.kernel = await ArchivingKernel.create();
  const { layout } = await madeImage(t, [1000]);
  const { address } = await fakeRegistry(t, layout, ({ path }) =>
    path.startsWith('/v1/search') ? { status: 200, body: '{"num_results":0,"results":[]}' } : undefined,
  );
  const { socketPath } = await dockerStack(t, agent);
  const checked = new Set<string>();
  const check = async (question: Question): Promise<Answer> => {
    const answer = await judge(socketPath, question);
    if (answer.status < 400) checked.add(`${question[0]} ${question[1]}`);
    return answer;
  };
  const idOf = ({ bodies: [body] }: Answer): string => (body as { Id: string }).Id;
  const spec = {
    ...{ Image: 'tiny', Cmd: ['sleep'], Labels: { kind: 'judged' } },
    HostConfig: { Binds: ['data:/data:ro'], Tmpfs: { '/tmp': 'size=1m' }, PortBindings: { '80/tcp': [{}] } },
  };
  idOf(await check(['POST', '/containers/create', '/containers/create?name=judged', spec]));
  for (const question of [...engine, ...containers]) await check(question);
  await check(['GET', '/events', `/events?since=1&until=${Math.ceil(Date.now() / 1000)}`]);

  const exec = idOf(await check(['POST', '/containers/{id}/exec', '/containers/renamed/exec', { Cmd: ['sleep'] }]));
  await check(['POST', '/containers/{id}/exec', '/containers/renamed/exec', { Cmd: ['true'], DetachKeys: 'odd' }]);
  await check(['POST', '/exec/{id}/start', `/exec/${exec}/start`, { Detach: true, ConsoleSize: [5, 6] }]);
  await check(['POST', '/exec/{id}/start', `/exec/${exec}/start`, { Detach: true }]);
  await check(['POST', '/exec/{id}/resize', `/exec/${exec}/resize?h=5&w=6`]);
  for (const id of [exec, 'nobody']) await check(['GET', '/exec/{id}/json', `/exec/${id}/json`]);

  for (const question of [...volumesAndNetworks, ...ends]) await check(question);
  const { bytes } = await check(['GET', '/images/get', '/images/get?names=tiny']);
  for (const question of images(address, bytes)) await check(question);

  // It answers to websockets alone.
  checked.add('GET /containers/{id}/attach/ws');
  const here = routes.filter(({ missing }) => missing === undefined).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(
    here.filter((name) => !checked.has(name)),
    [],
  );
});

/** What lies beyond the limit of each endpoint that is here in part, and how it is answered. */
const limits: Readonly<Record<string, { question: Question; status: number; says: RegExp }>> = {
  'PUT /containers/{id}/archive': {
    question: ['PUT', '/containers/{id}/archive', '/containers/judged/archive?path=/', Buffer.from('BZh91AY&SY')],
    ...{ status: 400, says: /packed by bzip2/ },
  },
  'POST /containers/{id}/attach': {
    question: ['POST', '/containers/{id}/attach', '/containers/judged/attach?stream=0&stdin=1', Buffer.from('typed')],
    ...{ status: 200, says: /^$/ },
  },
  'GET /containers/{id}/top': {
    question: ['GET', '/containers/{id}/top', '/containers/judged/top?ps_args=-C%20sleep'],
    ...{ status: 400, says: /unsupported|option/ },
  },
  'GET /networks/{id}': {
    question: ['GET', '/networks/{id}', '/networks/bridge?verbose=1'],
    ...{ status: 200, says: /^(?!.*"Services")/ },
  },
  'POST /networks/create': {
    question: ['POST', '/networks/create', '/networks/create', { Name: 'far', Driver: 'overlay' }],
    ...{ status: 404, says: /plugin \\?"overlay\\?" not found/ },
  },
  'POST /build/prune': {
    question: ['POST', '/build/prune', '/build/prune'],
    ...{ status: 200, says: /"SpaceReclaimed":0/ },
  },
};

test('endpoints that are here in part have the limit that is told of them', async (t) => {
  const partly = routes.filter((route) => route.partly !== undefined).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(Object.keys(limits).toSorted(), partly.toSorted());
  const agent = new InProcessAgent();
  agent.kernel = await ArchivingKernel.create();
  const { socketPath } = await dockerStack(t, agent);
  await ask(socketPath, 'POST', '/containers/create?name=judged', { Image: 'tiny', Cmd: ['sleep'] });
  await ask(socketPath, 'POST', '/containers/judged/start');
  for (const { question, status, says } of Object.values(limits)) {
    const [method, , url, body] = question;
    const answer = await ask(socketPath, method, url, body);
    assert.equal(answer.status, status, `${method} ${url}: ${answer.bytes.toString()}`);
    assert.match(answer.bytes.toString().trim(), says, url);
  }
});

test('endpoints that are not here say so in a described way', async (t) => {
  const { socketPath } = await dockerStack(t);
  const wrong: string[] = [];
  for (const { method, path } of routes.filter((route) => route.missing !== undefined)) {
    const { status, bodies } = await ask(socketPath, method, path.replaceAll(/\{\w+\}/g, 'x'));
    // Where Docker describes nothing that says so, 501 does.
    if (status !== 501) wrong.push(...bodies.flatMap((body) => faults(method, path, status, body)));
    assert.ok(status >= 400, `${method} ${path}: ${status}`);
  }
  assert.deepEqual(wrong, []);
  const headers = { Connection: 'Upgrade', Upgrade: 'h2c' };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request({ socketPath, method: 'POST', path: '/v1.47/grpc', headers }, (response) => {
    text(response).then((said) => resolve(`${response.statusCode ?? 0} ${said}`), reject);
  });
  sent.once('error', reject).end();
  assert.match(await promise, /^501 .*the engine has no builder/);
});
