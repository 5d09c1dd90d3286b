/** What `docker events` tells of a container's life: dockerd's words in dockerd's order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';
import { until } from '../../support/until.ts';

interface Event {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

async function eventsOf(docker: Docker, id: string): Promise<Event[]> {
  const end = Math.ceil(Date.now() / 1000);
  const said = await text(await docker.getEvents({ since: 1, until: end, filters: { container: [id] } }));
  const lines = said.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Event);
}

test('signals of a stop, top, and clients that leave by their keys', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const told = { Image: 'tiny', Tty: true, OpenStdin: true, Labels: { kind: 'told' } };
  const container = await docker.createContainer({ ...told, Cmd: ['sleep'] });
  await container.start();
  const { id } = container;
  const keys = { stdin: true, stdout: true, hijack: true } as const;
  const attached = await container.attach({ stream: true, ...keys, detachKeys: 'ctrl-x' });
  attached.write(Buffer.from([24]));
  const words = async () => (await eventsOf(docker, id)).map(({ Action }) => Action);
  await until('the client has left', async () => (await words()).includes('detach'));
  const exec = await container.exec({ Cmd: ['sleep'], Tty: true, AttachStdin: true, DetachKeys: 'ctrl-y' });
  const shell = await exec.start({ ...keys, Tty: true });
  shell.write(Buffer.from([25]));
  await until('the other client has left', async () => (await words()).includes('exec_detach'));
  await container.top();
  await container.stop();

  const events = await eventsOf(docker, id);
  assert.deepEqual(
    events.map(({ Action }) => Action).filter((word) => !word.startsWith('exec_die')),
    ['create', 'start', 'attach', 'detach', 'exec_create: sleep', 'exec_start: sleep', 'exec_detach', 'top'].concat([
      ...['kill', 'die', 'stop'],
    ]),
  );
  const attributes = (word: string) => events.find(({ Action }) => Action === word)?.Actor.Attributes ?? {};
  for (const word of ['detach', 'exec_detach', 'top']) {
    const { name, image, kind } = attributes(word);
    assert.deepEqual([name !== '', image, kind], [true, 'tiny', 'told'], word);
  }
  assert.equal(attributes('exec_detach')['execID'], exec.id);
  assert.equal(attributes('kill')['signal'], '15');
});
