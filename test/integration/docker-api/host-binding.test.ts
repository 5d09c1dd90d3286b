/** Whether a host port is free is asked of the address at which it will be opened. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import Docker from 'dockerode';
import { hostFacts } from '../../../app/base/platform.ts';
import { dockerStack } from '../../support/docker-stack.ts';

// Other systems have no 127.0.0.2 by themselves.
const skip = hostFacts().os === 'linux' ? false : 'needs 127.0.0.2';

async function busyAt(t: TestContext, host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('of the network’s address for ports that name none', { skip }, async (t) => {
  const { socketPath, client, agent } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const Options = { 'com.docker.network.bridge.host_binding_ipv4': '127.0.0.2' };
  await docker.createNetwork({ Name: 'bound', Options });
  const [elsewhere, there] = [await busyAt(t, '127.0.0.1'), await busyAt(t, '127.0.0.2')];
  const make = (name: string, port: number) =>
    docker.createContainer({
      ...{ Image: 'tiny', Cmd: ['sleep'], name },
      HostConfig: { NetworkMode: 'bound', PortBindings: { '80/tcp': [{ HostPort: String(port) }] } },
    });
  const free = await make('free', elsewhere);
  await free.start();
  const { NetworkSettings } = await free.inspect();
  assert.deepEqual(NetworkSettings.Ports['80/tcp'], [{ HostIp: '127.0.0.2', HostPort: String(elsewhere) }]);
  const launched = agent.kernel.plans.length;
  await assert.rejects((await make('taken', there)).start(), new RegExp(`127\\.0\\.0\\.2:${there} is in use`));
  assert.equal(agent.kernel.plans.length, launched, 'it was not started to find that out');
  await free.restart();
  await free.kill();
  await client.api.containers.wait({ id: 'free', condition: 'not-running' });
});
