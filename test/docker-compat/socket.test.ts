/** The engine's own socket in a container, with the real `docker` client beside it. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { berth, guest, ok } from '../support/berth.ts';
import { dockerEnv, dockerIsHere, shell } from '../support/docker-command.ts';
import { builtImages } from '../support/images/build.ts';
import { until } from '../support/until.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';
const usual = '/var/run/docker.sock';
const own = dockerEnv().DOCKER_HOST?.replace('unix://', '') ?? '';
const tools = join(process.env.BERTH_HOME ?? '', 'tools');
const client = `-v ${tools}/docker:/usr/local/bin/docker:ro`;

/** A shell's line in a new container that has the client and whatever the flags say. */
const run = (flags: string, line: string) => shell(`docker run --rm ${client} ${flags} socket/debian sh -c '${line}'`);

before(async () => {
  if (skip) return;
  await mkdir(tools, { recursive: true });
  const { stdout } = await shell('command -v docker');
  await copyFile(stdout.trim(), join(tools, 'docker'));
  const { debian } = await builtImages();
  await ok(['image', 'import', debian.layout, 'socket/debian']);
});

after(async () => {
  if (skip) return;
  await berth(['image', 'rm', '-f', 'socket/debian']);
  await rm(tools, { recursive: true });
});

test('by the usual path: lists itself, starts a sibling, follows its output', { skip }, async () => {
  const line =
    'docker ps --format "{{.Names}}"; docker run --rm busybox sh -c "echo out; echo err >&2; exit 4"; echo $?';
  const { stdout, stderr } = await run(`--name within -v ${usual}:${usual}`, line);
  assert.equal(stdout, 'within\nout\n4\n', stderr);
  assert.match(stderr, /^err\n$/m);
});

test('by the path that "berth env" shows, elsewhere in the container, for reading alone', { skip }, async () => {
  const flags = `--mount type=bind,source=${own},target=/engine.sock,readonly`;
  const { stdout, stderr } = await run(flags, 'docker -H unix:///engine.sock version --format {{.Server.Os}}');
  assert.equal(stdout, 'linux\n', stderr);
});

test('it is root’s and its group’s, and in no container that did not ask', { skip }, async () => {
  const flags = `-v ${usual}:${usual}`;
  assert.equal((await run(flags, `stat -Lc "%F %U:%G %a" ${usual}`)).stdout, 'socket root:root 660\n');
  assert.match((await run(`-u 1000:1000 ${flags}`, 'docker ps')).stderr, /permission denied/);
  assert.equal((await run(`-u 1000:1000 --group-add 0 ${flags}`, 'docker ps -q | wc -l')).stdout, '1\n');
  assert.match((await run('', 'docker ps')).stderr, /Cannot connect to the Docker daemon|no such file/);
});

test('a container that runs on while the agent is killed has it afterwards', { skip }, async (t) => {
  const { stdout } = await shell(`docker run -d ${client} -v ${usual}:${usual} socket/debian sleep 1000`);
  const id = stdout.trim();
  t.after(() => shell(`docker rm -f ${id}`));
  const inside = () => shell(`docker exec ${id} docker ps -q --no-trunc`);
  assert.equal((await inside()).stdout, stdout);
  await guest("kill -9 $(ps | awk '/[a]gent.mjs/ { print $1 }')");
  await until('the agent is back', async () => (await inside()).stdout === stdout);
});
