/** A container that mounts the Docker socket reaches this host's API; the relay in the guest alone is left out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import Docker from 'dockerode';
import { engineListener } from '../../../guest-agent/services/paths.ts';
import { dockerStack } from '../../support/docker-stack.ts';

test('a request from a container is answered, also after the agent was another one', async (t) => {
  const { agent, socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const behind = engineListener(agent.paths);
  const ask = () => text(connect(behind).end('GET /_ping HTTP/1.0\r\n\r\n'));
  await assert.rejects(once(connect(behind), 'connect'), { code: 'ENOENT' }, 'there though nobody mounts it');

  for (const source of ['/var/run/docker.sock', socketPath]) {
    const binds = [`${source}:/var/run/docker.sock:ro`];
    const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], HostConfig: { Binds: binds } });
    await container.start();
    const { HostConfig, Mounts } = await container.inspect();
    assert.deepEqual(HostConfig.Binds, binds);
    assert.deepEqual([Mounts[0]?.Type, Mounts[0]?.Source, Mounts[0]?.RW], ['bind', source, false]);
  }
  assert.match(await ask(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nOK$/);
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  assert.ok(answers.every((answer) => answer.endsWith('\r\n\r\nOK')));

  await agent.stop();
  await agent.start();
  assert.match(await ask(), /\r\n\r\nOK$/);
});
