/** The same requests to our socket and to Debian's dockerd in the same guest: their answers differ only where it is said. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask } from '../support/answers.ts';
import { command, ok } from '../support/berth.ts';
import { dockerIsHere, dockerSocket, shell } from '../support/docker-command.ts';
import { dockerdAlone, forwardRival } from '../support/rivals.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { faults, type Question, type Questions } from './question.ts';
import { drivers } from './tables/like-docker/drivers.ts';
import { likeDocker } from './tables/like-docker/index.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';
const home = process.env.BERTH_HOME ?? '';
const theirs = join(home, 'dockerd.sock');
const ours = dockerSocket();

let stop: (() => Promise<void>) | undefined;
let forwarding: ChildProcess | undefined;

/** Lists are compared whole, so what other tests left must go. */
const emptied = `for id in $(docker ps -aq); do docker rm -fv $id; done
  for name in $(docker volume ls -q); do docker volume rm $name; done
  for id in $(docker images -aq --no-trunc | grep -v "$(docker images -q --no-trunc busybox:latest)"); do docker rmi -f $id; done
  docker network prune -f`;

before(async () => {
  if (skip) return;
  const cleared = await shell(`set -e; ${emptied}`);
  assert.equal(cleared.code, 0, cleared.stderr);
  stop = await dockerdAlone();
  forwarding = await forwardRival(home, theirs);
  const copy = `docker -H unix://${ours} save busybox | docker -H unix://${theirs} load`;
  const { code, stderr } = await command('sh', ['-c', copy]);
  assert.equal(code, 0, stderr);
});

after(async () => {
  forwarding?.kill();
  await stop?.();
});

async function judged(question: Question): Promise<string[]> {
  const [asked, body] = question;
  const [own, real] = await Promise.all([ask(ours, asked, body), ask(theirs, asked, body)]);
  return faults(question, own, real);
}

function alike({ name }: Questions, ask: () => Promise<string[]>): void {
  test(name, { skip }, async () => {
    const all = await ask();
    assert.equal(all.length, 0, `\n${all.join('\n')}`);
  });
}

alike(drivers, async () => (await Promise.all(drivers.questions.map(judged))).flat());
for (const table of likeDocker.filter((one) => one !== drivers))
  alike(table, async () => {
    const all: string[] = [];
    for (const question of table.questions) all.push(...(await judged(question)));
    return all;
  });

test(
  'what dockerd saves is loaded and runs, and what is saved here runs there, with all layers',
  { skip },
  async (t) => {
    const folder = await temporaryFolder(t);
    const [theirFile, ourFile] = [join(folder, 'theirs.tar'), join(folder, 'ours.tar')];
    const engines = `T="docker -H unix://${theirs}"; O="docker -H unix://${ours}"`;
    const layer = (engine: string, from: string, to: string, word: string) =>
      `id=$(${engine} run -d ${from} sh -c 'echo ${word} >/${word}'); ${engine} wait $id; ${engine} commit $id ${to}; ${engine} rm $id`;
    const made = await command('sh', [
      '-c',
      `set -e; ${engines}; ${layer('$T', 'busybox', 'made:1', 'one')}; ${layer('$T', 'made:1', 'made:2', 'two')}
     $T save -o ${theirFile} made:2`,
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(await ok(['load', '-i', theirFile]), /made:2/);
    assert.equal(await ok(['run', '--rm', 'made:2', 'cat', '/one', '/two']), 'one\ntwo');
    const back = await command('sh', ['-c', `set -e; ${engines}; ${layer('$O', 'made:2', 'back:1', 'three')}`]);
    assert.equal(back.code, 0, back.stderr);
    await ok(['save', '-o', ourFile, 'back:1']);
    const there = await command('sh', [
      '-c',
      `set -e; ${engines}; $T load -i ${ourFile} >&2; $T run --rm back:1 cat /one /two /three
     $T rmi back:1 made:2 made:1 >&2; $O rmi back:1 made:2 >&2`,
    ]);
    assert.equal(there.stdout, 'one\ntwo\nthree\n', there.stderr);
    assert.equal(there.code, 0, there.stderr);
  },
);
