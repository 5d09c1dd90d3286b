/** Links of the default bridge: told, and taken back while both containers run. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Docker from 'dockerode';
import { containerDir } from '../../../guest-agent/services/paths.ts';
import { dockerStack } from '../../support/docker-stack.ts';

test('a link is removed by the name that the other container has, with its line of the hosts file', async (t) => {
  const { socketPath, agent } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const run = async (name: string, Links: string[] = []) => {
    const made = await docker.createContainer({ name, Image: 'tiny', Cmd: ['sleep'], HostConfig: { Links } });
    await made.start();
    return made;
  };
  const db = await run('db');
  const web = await run('web', ['db:store', 'db:kept']);
  const links = async () => ((await web.inspect()).HostConfig as { Links?: string[] | null }).Links;
  assert.deepEqual(await links(), ['/db:/web/store', '/db:/web/kept']);
  const hosts = join(containerDir(agent.paths, web.id), 'hosts');
  const line = (name: string) => `172.17.0.2\t${name} ${db.id.slice(0, 12)} db\n`;
  writeFileSync(hosts, `127.0.0.1\tlocalhost\n${line('store')}${line('kept')}10.1.1.1\tstore\n`);
  const remove = (name: string) => docker.getContainer(name).remove({ link: true });
  await remove('web/store');
  assert.equal(readFileSync(hosts, 'utf8'), `127.0.0.1\tlocalhost\n${line('kept')}10.1.1.1\tstore\n`);
  assert.deepEqual(await links(), ['/db:/web/kept']);
  await assert.rejects(remove('web/store'), { statusCode: 404, message: /No such container: web\/store/ });
  await assert.rejects(remove('absent/store'), { statusCode: 404 });
  await assert.rejects(remove('web'), { statusCode: 400, message: /cannot remove the default link name/ });
  await web.kill();
  await remove('/web/kept');
  assert.equal(await links(), null);
  assert.equal((await db.inspect()).State.Running, true);
});
