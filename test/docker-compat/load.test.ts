/** Many at once through the Docker socket: all is answered, who is slow holds up nobody, and nothing stays behind. */
import assert from 'node:assert/strict';
import { Agent, get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { before, test, type TestContext } from 'node:test';
import Docker from 'dockerode';
import pLimit from 'p-limit';
import { dockerEnv, dockerIsHere, shell } from '../support/docker-command.ts';
import { pour } from '../support/garbage.ts';
import { held, left, type Held } from '../support/held.ts';
import { until } from '../support/until.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';
const socketPath = dockerEnv().DOCKER_HOST?.replace('unix://', '') ?? '';
/** Connections that are kept for later would count as left. */
const agent = new Agent({ keepAlive: false, maxSockets: 200 });
const docker = new Docker({ socketPath, agent } as Docker.DockerOptions);
const MIB = 2 ** 20;

let quiet: Held;

async function started(t: TestContext, ...argv: string[]): Promise<Docker.Container> {
  const container = await docker.createContainer({ Image: 'busybox', Cmd: argv, HostConfig: { NetworkMode: 'none' } });
  t.after(() => container.remove({ force: true }).catch(() => undefined));
  await container.start();
  return container;
}

/** The bytes of a followed log, as they come. */
async function follow(id: string): Promise<IncomingMessage> {
  const path = `/containers/${id}/logs?follow=1&stdout=1`;
  const [response] = (await once(get({ socketPath, path, agent }), 'response')) as [IncomingMessage];
  return response;
}

/** Lines without the 8 bytes before each frame; a frame begins with a line here. */
const plain = (framed: string): string => framed.replaceAll(/[\x01]\0{3}[^]{4}/g, '');

const nothingStays = () =>
  until(
    'nothing stays behind',
    async () => {
      const more = left(quiet, await held());
      if (more.length > 0) throw new Error(more.join('; '));
      return true;
    },
    60_000,
  );

function grewLess(before: Held, after: Held, mebibytes: number): void {
  for (const name of ['service', 'agent'] as const) {
    const [was, is] = [before.bytes[name], after.bytes[name]];
    assert.ok(is < was + mebibytes * MIB, `the ${name} grew from ${was} to ${is} bytes`);
  }
}

before(async () => {
  if (skip) return;
  // What is loaded, opened and mounted by the first of each kind stays on purpose.
  for (const words of ['run --rm busybox true', 'run -d --name first busybox true', 'logs -f first', 'rm first'])
    await shell(`docker ${words}`);
  quiet = await held();
});

test('50 containers at once: each runs, with an address of its own', { skip }, async () => {
  const made = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const name = `crowd-${index}`;
      const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '1000'], name });
      await container.start();
      return container;
    }),
  );
  const all = await Promise.all(made.map((container) => container.inspect()));
  assert.ok(all.every(({ State }) => State.Running));
  assert.equal(new Set(all.map(({ NetworkSettings }) => NetworkSettings.Networks['bridge']?.IPAddress)).size, 50);
  await Promise.all(made.map((container) => container.remove({ force: true })));
  await nothingStays();
});

test('200 times "docker run --rm", 8 at a time: exit codes and output are right', { skip }, async () => {
  const limit = pLimit(8);
  const run = (index: number) =>
    limit(async () => {
      const { code, stdout } = await shell(`docker run --rm busybox sh -c "echo ${index}; exit ${index % 100}"`);
      return code === index % 100 && stdout === `${index}\n` ? [] : [`${index}: exit ${code}, ${stdout}`];
    });
  const half = async (from: number) => (await Promise.all(Array.from({ length: 100 }, (_, n) => run(from + n)))).flat();
  assert.deepEqual(await half(0), []);
  const warm = await held();
  assert.deepEqual(await half(100), []);
  await nothingStays();
  grewLess(warm, await held(), 32);
});

test('20 follow one log: each gets all of it', { skip }, async (t) => {
  const container = await started(t, 'sh', '-c', 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done');
  const logs = await Promise.all(Array.from({ length: 20 }, () => follow(container.id)));
  // Lengths of frames are no UTF-8.
  const texts = await Promise.all(logs.map(async (log) => (await buffer(log)).toString('latin1')));
  const whole = Array.from({ length: 3000 }, (_, index) => `line ${index + 1}\n`).join('');
  for (const one of texts) assert.equal(plain(one), whole);
  await container.wait();
  await container.remove();
  await nothingStays();
});

test('clients that stop reading hold up nobody but themselves', { skip }, async (t) => {
  const container = await started(t, 'sh', '-c', 'while :; do seq 1 20000; done');
  const stalled = await Promise.all(Array.from({ length: 5 }, () => follow(container.id)));
  const attached = await container.attach({ stream: true, stdout: true, hijack: true });
  attached.pause();
  const reading = await follow(container.id);
  const begun = await held();
  let seen = 0;
  for await (const chunk of reading as AsyncIterable<Buffer>) if ((seen += chunk.length) > 4 * MIB) break;
  assert.equal((await docker.listContainers({ filters: { id: [container.id] } })).length, 1);
  grewLess(begun, await held(), 64);
  await container.stop({ t: 0 });
  for (const log of stalled) log.destroy();
  (attached as unknown as IncomingMessage).destroy();
  await container.remove();
  await nothingStays();
});

/** Of a container that runs, so that streams are opened and broken off; nothing that ends it, or makes much to read. */
const pathsOf = (id: string) =>
  ['json', 'logs?follow=1&stdout=1', 'attach?stream=1&stdin=1&stdout=1&stderr=1', 'attach/ws?stream=1&stdout=1']
    .concat(['stats', 'stats?stream=0&one-shot=1', 'top', 'wait', 'resize?h=5&w=6', 'exec', 'archive?path=/etc/passwd'])
    .map((rest) => `/containers/${id}/${rest}`);

test('10,000 garbage and truncated requests: all goes on, and nothing stays', { skip }, async (t) => {
  const container = await started(t, 'sh', '-c', 'while read line; do echo $line; done; sleep 1000');
  const paths = pathsOf(container.id);
  await pour(socketPath, 5000, paths);
  const warm = await held();
  await pour(socketPath, 5000, paths);
  assert.equal(String(await docker.ping()), 'OK');
  assert.equal((await container.inspect()).State.Running, true);
  assert.equal((await shell(`docker exec ${container.id} echo well`)).stdout, 'well\n');
  await container.remove({ force: true });
  await shell('docker volume prune -af');
  await nothingStays();
  grewLess(warm, await held(), 32);
});
