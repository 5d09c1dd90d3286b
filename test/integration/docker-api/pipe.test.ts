/**
 * A named pipe of Windows, as far as it can be proved elsewhere: there its name is the path of a socket like any other. That
 * the service leaves alone what a pipe has not (a folder, a mode, a stale file) holds here as there; who may open it does not.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import Docker from 'dockerode';
import { hostFacts } from '../../../app/base/platform.ts';
import { dockerStack } from '../../support/docker-stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const socketPath = String.raw`\\.\pipe\berth-test`;
const skip = hostFacts().os === 'win32' ? 'its pipes are no files' : false;

test('requests and hijacked streams go through a path of a pipe', { skip }, async (t) => {
  process.chdir(await temporaryFolder(t));
  await dockerStack(t, undefined, { socketPath, os: 'win32' });
  assert.deepEqual(readdirSync('.'), [socketPath]);
  assert.notEqual(statSync(socketPath).mode & 0o777, 0o600, 'its mode is left as it is');
  const docker = new Docker({ socketPath });
  assert.equal(String(await docker.ping()), 'OK');
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'said'] });
  const attached = await container.attach({ stream: true, stdout: true, hijack: true });
  await container.start();
  const [frame] = (await once(attached, 'data')) as [Buffer];
  assert.equal(frame.toString('latin1', 8), 'said\n');
});

test('a pipe that somebody has already is theirs: it is not taken for a stale one', { skip }, async (t) => {
  process.chdir(await temporaryFolder(t));
  const other = createServer().listen(socketPath);
  await once(other, 'listening');
  t.after(() => void other.close());
  await assert.rejects(dockerStack(t, undefined, { socketPath, os: 'win32' }), { code: 'EADDRINUSE' });
  assert.ok(existsSync(socketPath));
});
