/**
 * Testcontainers, told of the socket by DOCKER_HOST alone. Its reaper is an image of its own that only a registry of the
 * world has, so it is switched off, and what the tests start they stop; in one test a program that makes the same calls
 * stands in for it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GenericContainer, Network, Wait } from 'testcontainers';
import { command } from '../support/berth.ts';
import { dockerEnv, dockerIsHere, shell } from '../support/docker-command.ts';
import { importImages } from '../support/images/import.ts';
import { until } from '../support/until.ts';

// The tests may themselves run in a container, whose gateway Testcontainers would take for the host.
const env = { TESTCONTAINERS_RYUK_DISABLED: 'true', TESTCONTAINERS_HOST_OVERRIDE: 'localhost' };
Object.assign(process.env, dockerEnv(), env);

const skip = dockerIsHere ? false : 'the docker command is not installed';

/** Images come into an emulated guest on their first use. */
const patience = 240_000;

async function leftovers(): Promise<string> {
  const label = '--filter label=org.testcontainers';
  return (await shell(`docker ps -aq ${label}; docker network ls -q ${label}; docker volume ls -q`)).stdout;
}

test('redis by its port and its log: files, a command, the log as a stream, a restart', async (t) => {
  await importImages(t, 'testcontainers', ['redis']);
  const before = await leftovers();
  const redis = await new GenericContainer('testcontainers/redis')
    .withExposedPorts(6379)
    .withCopyContentToContainer([{ content: 'maxclients 77\n', target: '/tmp/redis.conf', mode: 0o644 }])
    .withCommand(['redis-server', '/tmp/redis.conf', '--bind', '*', '--protected-mode', 'no'])
    .withEnvironment({ STAGE: 'test' })
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage(/Ready to accept connections/), Wait.forListeningPorts()]))
    .withStartupTimeout(patience)
    .start();
  t.after(() => redis.stop());
  assert.match(redis.getHost(), /^(localhost|127\.0\.0\.1)$/);
  const ask = async (...words: string[]) => (await redis.exec(['redis-cli', ...words])).output.trim();
  assert.equal(await ask('config', 'get', 'maxclients'), 'maxclients\n77');
  assert.deepEqual(await redis.exec(['sh', '-c', 'echo $STAGE; exit 3']), {
    ...{ exitCode: 3, output: 'test\n', stdout: 'test\n', stderr: '' },
  });
  const log = await redis.logs();
  const [first] = (await once(log, 'data')) as [Buffer | string];
  assert.match(String(first), /\S/);
  log.destroy();
  await redis.restart();
  assert.equal(await ask('ping'), 'PONG');
  await redis.stop();
  assert.equal(await leftovers(), before);
});

test('postgres by its health check, from another container on a network of the test', async (t) => {
  await importImages(t, 'testcontainers', ['postgres']);
  const before = await leftovers();
  const network = await new Network().start();
  const postgres = await new GenericContainer('testcontainers/postgres')
    .withNetwork(network)
    .withNetworkAliases('db')
    .withExposedPorts(5432)
    .withEnvironment({ POSTGRES_PASSWORD: 'secret' })
    .withTmpFs({ '/var/lib/postgresql/data': 'rw' })
    .withHealthCheck({
      test: ['CMD-SHELL', "psql -U postgres -c 'select 1'"],
      ...{ interval: 1000, timeout: 20_000, retries: 200, startPeriod: 1000 },
    })
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(patience)
    .start();
  t.after(() => postgres.stop());
  const client = await new GenericContainer('testcontainers/postgres')
    .withNetwork(network)
    .withEntrypoint(['sh', '-c'])
    .withEnvironment({ PGPASSWORD: 'secret' })
    .withCommand(['psql -U postgres -h db -qtAc "select 6 * 7"'])
    .withWaitStrategy(Wait.forOneShotStartup())
    .withStartupTimeout(patience)
    .start();
  t.after(() => client.stop());
  const { stdout } = await shell(`docker logs ${client.getId()}`);
  assert.equal(stdout, '42\n');
  await client.stop();
  await postgres.stop();
  await network.stop();
  assert.equal(await leftovers(), before);
});

test('what a program leaves is removed by its reaper, by way of the socket in a container', { skip }, async (t) => {
  await importImages(t, 'testcontainers', ['python']);
  const reaper = fileURLToPath(import.meta.resolve('../support/reaper.py'));
  t.after(() => shell('docker rm -f reaper; docker rmi -f testcontainers/reaper'));
  // By the label of its image it knows itself.
  const changes = `-c 'CMD ["python3", "/reaper.py"]' -c 'LABEL org.testcontainers.ryuk=true'`;
  const made =
    await shell(`set -e; docker create --name reaper testcontainers/python; docker cp ${reaper} reaper:/reaper.py
    docker commit ${changes} reaper testcontainers/reaper; docker rm reaper`);
  assert.equal(made.code, 0, made.stderr);

  const before = await leftovers();
  const program = fileURLToPath(import.meta.resolve('../support/abandoned-container.ts'));
  const own = { TESTCONTAINERS_RYUK_DISABLED: 'false', RYUK_CONTAINER_IMAGE: 'testcontainers/reaper' };
  const timing = { TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: '1s' };
  const env = { ...dockerEnv(), ...own, ...timing };
  const { code, stdout, stderr } = await command(process.execPath, [program], { env, limitMs: patience });
  assert.equal(code, 0, stderr);
  const [container = '', network = ''] = stdout.split(' ');
  t.after(() => shell(`docker rm -f ${container}; docker network rm ${network}`));
  assert.match(container, /^[0-9a-f]{64}$/);
  const isGone = async () => {
    const rest = await leftovers();
    if (rest === before) return true;
    const { stdout: said } = await shell('docker logs $(docker ps -aq --filter label=org.testcontainers.ryuk) 2>&1');
    throw new Error(`there are ${rest}, and the reaper says ${said}`);
  };
  await until('the reaper has removed all that is its program’s, and itself', isGone, 60_000);
  assert.equal((await shell(`docker inspect ${container}`)).code, 1);
  assert.equal((await shell(`docker network inspect ${network}`)).code, 1);
});
