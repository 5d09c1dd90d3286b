/** A project of three services by the real `docker compose`: nginx before redis and postgres. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import { berth, ok } from '../support/berth.ts';
import { dockerIsHere, dockerSocket, shell } from '../support/docker-command.ts';
import { installCompose } from '../support/docker-compose.ts';
import { builtImages } from '../support/images/build.ts';
import { until } from '../support/until.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';

const project = `
name: shop
services:
  web:
    image: compose/nginx
    ports: ['\${PORT}:80']
    volumes: ['pages:/var/www/html']
    networks: [front, back]
    depends_on:
      cache: { condition: service_healthy }
      db: { condition: service_healthy }
      migration: { condition: service_completed_successfully }
  cache:
    image: compose/redis
    networks: [back]
    environment: { FROM_PROJECT: '\${WORD}', OVERRIDDEN: base }
    healthcheck: { test: [CMD, redis-cli, ping], interval: 2s, retries: 30 }
  db:
    image: compose/postgres
    networks: [back]
    environment: { POSTGRES_PASSWORD: secret }
    volumes: ['data:/var/lib/postgresql/data']
    healthcheck: { test: [CMD-SHELL, psql -U postgres -c 'select 1'], interval: 2s, retries: 90 }
  migration:
    image: busybox
    command: [sh, -c, nc -w 5 db 5432 </dev/null]
    networks: [back]
    depends_on: { db: { condition: service_healthy } }
networks: { front: {}, back: { internal: true } }
volumes: { pages: {}, data: {} }
`;
/** The first never gets well, and the second waits for that. */
const sick = `
name: sick
services:
  first:
    image: busybox
    command: sleep 1000
    healthcheck: { test: [CMD, 'false'], interval: 1s, retries: 2 }
  second:
    image: busybox
    command: sleep 1000
    depends_on: { first: { condition: service_healthy } }
`;
const override = 'services: { cache: { environment: { OVERRIDDEN: second } } }\n';

let folder = '';
const watching: NodeJS.ReadableStream[] = [];

async function compose(words: string, seconds?: number): Promise<string> {
  const { code, stdout, stderr } = await shell(`cd ${folder} && docker compose ${words}`, seconds);
  assert.equal(code, 0, `docker compose ${words}\n${stderr}`);
  return stdout.trim();
}

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'berth-compose-'));
  await installCompose(join(process.env.BERTH_HOME ?? '', 'docker-config'));
  const images = await builtImages();
  for (const name of ['nginx', 'redis', 'postgres'] as const)
    await ok(['image', 'import', images[name].layout, `compose/${name}`]);
  await writeFile(join(folder, 'compose.yaml'), project);
  await writeFile(join(folder, 'compose.override.yaml'), override);
  await writeFile(join(folder, '.env'), 'WORD=hello\nPORT=0\n');
});

after(async () => {
  if (skip) return;
  for (const stream of watching) (stream as unknown as Readable).destroy();
  await shell(`cd ${folder} && docker compose down -v -t 0`);
  for (const name of ['nginx', 'redis', 'postgres']) await berth(['image', 'rm', '-f', `compose/${name}`]);
  await rm(folder, { recursive: true, force: true });
});

/** Starts, ends and health of the project's containers from now on, as `start web`. */
async function watched(): Promise<string[]> {
  const docker = new Docker({ socketPath: dockerSocket() });
  const filters = { event: ['start', 'die', 'health_status'], label: ['com.docker.compose.project=shop'] };
  const stream = await docker.getEvents({ filters });
  const told: string[] = [];
  createInterface({ input: stream }).on('line', (line) => {
    const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } };
    told.push(`${Action} ${Actor.Attributes['com.docker.compose.service'] ?? ''}`);
  });
  watching.push(stream);
  return told;
}

test('a project comes up in its order, runs, and goes without a trace', { skip }, async () => {
  const told = await watched();
  // Compose itself waits; images come into an emulated guest on their first use.
  await compose('up -d', 360);
  const first = (word: string) => {
    const place = told.indexOf(word);
    assert.ok(place >= 0, `no "${word}" in ${told.join(', ')}`);
    return place;
  };
  await until('all events have come', () => told.includes('start web'));
  assert.ok(first('health_status: healthy db') < first('start migration'));
  assert.ok(first('die migration') < first('start web'));
  assert.ok(first('health_status: healthy cache') < first('start web'));

  const address = await compose('port web 80');
  await compose("exec -T web sh -c 'echo from compose >/var/www/html/index.html'");
  const port = address.split(':').at(-1) ?? '';
  // It runs, and need not listen yet.
  const page = await until('the page is served', async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
  assert.equal(page, 'from compose\n');

  assert.equal(await compose("exec -T cache sh -c 'echo $FROM_PROJECT $OVERRIDDEN'"), 'hello second');
  assert.equal(await compose('exec -T web getent hosts db cache | wc -l'), '2');
  await compose("exec -T -u postgres db psql -U postgres -qc 'create table kept (x int); insert into kept values (7)'");
  await compose('restart -t 20 db');
  const isHealthy = async () => (await compose("ps --format '{{.Health}}' db")) === 'healthy';
  await until('the database is healthy again', isHealthy, 120_000);
  assert.equal(await compose("exec -T -u postgres db psql -U postgres -qtAc 'select x from kept'"), '7');

  await compose('up -d --no-deps --scale cache=3 cache');
  assert.equal((await compose('ps -q cache')).split('\n').length, 3);
  assert.match(await compose('logs --no-color cache'), /cache-1 .*Ready to accept connections/);

  await compose('down -v -t 0');
  assert.equal(await compose('ps -aq'), '');
  const left = await shell('docker network ls -q --filter name=shop; docker volume ls -q --filter name=shop');
  assert.equal(left.stdout, '');
});

test('what waits for one that never gets well does not start, and is told why', { skip }, async (t) => {
  await writeFile(join(folder, 'sick.yaml'), sick);
  const words = (line: string) => shell(`cd ${folder} && docker compose -f sick.yaml ${line}`);
  t.after(() => words('down -t 0'));
  const { code, stderr } = await words('up -d');
  assert.equal(code, 1);
  assert.match(stderr, /sick-first-1 is unhealthy/);
  assert.equal(
    (await words("ps -a --format '{{.Service}} {{.State}} {{.Health}}'")).stdout,
    'first running unhealthy\nsecond created \n',
  );
});
