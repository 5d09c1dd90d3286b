import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DockerContexts, contextName } from '../../../../../app/cli/docker/context-files.ts';
import { dockerHost, dockerSocketPath } from '../../../../../app/contract/index.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

/** sha256 of `berth`, by which `docker` finds the context. */
const digest = '5c2f64c7f21efd5fb5e3d6a499abe5eacb248ae6f6f0085387c9a056d10ef5fd';

test('a context is written where docker looks for it, used only when asked, and taken away again', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'config.json'), '{"auths":{"r":{}},"currentContext":"other"}');
  const contexts = new DockerContexts({ DOCKER_CONFIG: folder });
  const config = async () => JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as unknown;
  await contexts.install('berth', 'Berth', 'unix:///run/docker.sock');
  const meta = join(folder, 'contexts/meta', digest, 'meta.json');
  assert.deepEqual(JSON.parse(await readFile(meta, 'utf8')), {
    Name: 'berth',
    Metadata: { Description: 'Berth' },
    Endpoints: { docker: { Host: 'unix:///run/docker.sock', SkipTLSVerify: false } },
  });
  assert.deepEqual(await config(), { auths: { r: {} }, currentContext: 'other' });
  await contexts.remove('berth');
  assert.equal(existsSync(meta), false);
  assert.deepEqual(await config(), { auths: { r: {} }, currentContext: 'other' });
  await contexts.install('berth', 'Berth', 'unix:///run/docker.sock');
  await contexts.use('berth');
  assert.deepEqual(await config(), { auths: { r: {} }, currentContext: 'berth' });
  await contexts.remove('berth');
  assert.deepEqual(await config(), { auths: { r: {} } });
});

test('a configuration that cannot be read is not written over', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'config.json'), '{');
  await assert.rejects(new DockerContexts({ DOCKER_CONFIG: folder }).use('berth'), { code: 'corrupt-content' });
  assert.equal(await readFile(join(folder, 'config.json'), 'utf8'), '{');
});

test('where the sockets are, and how clients write that', () => {
  assert.deepEqual(['default', 'other'].map(contextName), ['berth', 'berth-other']);
  const unix = dockerSocketPath({ runtime: '/run/user/0/berth', controlSocket: '' }, 'linux', 'default');
  assert.equal(dockerHost(unix, 'linux'), 'unix:///run/user/0/berth/default/docker.sock');
  const pipe = dockerSocketPath({ runtime: '', controlSocket: String.raw`\\.\pipe\berth-1` }, 'win32', 'default');
  assert.equal(dockerHost(pipe, 'win32'), 'npipe:////./pipe/berth-1-docker-default');
});
