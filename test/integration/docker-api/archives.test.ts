/** Archives into containers, and images of them, by the real archiver on their writable folders. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import Docker from 'dockerode';
import { containerDir } from '../../../guest-agent/services/paths.ts';
import { dockerStack } from '../../support/docker-stack.ts';
import { InProcessAgent } from '../../support/in-process-agent.ts';
import { ArchivingKernel } from '../../support/played-archiver.ts';
import { makeTar } from '../../support/tar.ts';

interface Made {
  readonly Id: string;
}

async function stack(t: TestContext) {
  const agent = new InProcessAgent();
  agent.kernel = await ArchivingKernel.create();
  const { socketPath } = await dockerStack(t, agent);
  return { agent, socketPath, docker: new Docker({ socketPath }) };
}

test('an archive goes in as it is, or packed by gzip or zstd; other packings and damage are refused', async (t) => {
  const { agent, docker } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
  const packings: [string, (tar: Buffer) => Buffer][] = [
    ['plain', (tar) => tar],
    ['gzip', (tar) => gzipSync(tar)],
    ['zstd', (tar) => zstdCompressSync(tar)],
  ];
  const upper = join(containerDir(agent.paths, container.id), 'rw/upper');
  for (const [name, pack] of packings) {
    await container.putArchive(pack(makeTar([{ path: name, data: `by ${name}` }])), { path: '/' });
    assert.equal(readFileSync(join(upper, name), 'utf8'), `by ${name}`);
  }
  const tar = makeTar([{ path: 'never', data: 'never' }]);
  const cut = gzipSync(tar).subarray(0, 40);
  await assert.rejects(container.putArchive(cut, { path: '/' }), { statusCode: 400, message: /damaged/ });
  const { error, stdout } = spawnSync('xz', ['-c'], { input: tar });
  if (error === undefined)
    await assert.rejects(container.putArchive(stdout, { path: '/' }), { statusCode: 400, message: /packed by xz/ });
});

test('an image of a container has the configuration of the request over the container’s', async (t) => {
  const { docker } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], Env: ['KEPT=1', 'CHANGED=1'] });
  const body = { Env: ['CHANGED=2'], Cmd: 'other', Labels: { made: 'here' }, ExposedPorts: { '80/tcp': {} } };
  const made = (await container.commit({ repo: 'made', tag: 'v1', author: 'Me', comment: 'why', ...body })) as Made;
  const image = await docker.getImage('made:v1').inspect();
  assert.deepEqual([image.Id, image.Author, image.Comment], [made.Id, 'Me', 'why']);
  const env = image.Config.Env.filter((variable) => !variable.startsWith('PATH='));
  assert.deepEqual(env, ['CHANGED=2', 'GREETING=hello', 'KEPT=1']);
  assert.deepEqual([image.Config.Cmd, image.Config.Labels], [['other'], { made: 'here' }]);
  assert.deepEqual(image.Config.ExposedPorts, { '80/tcp': {} });
  await assert.rejects(container.commit({ Cmd: 5 }), { statusCode: 400, message: /invalid JSON: Cmd/ });
});
