/** What `docker stats` is made of, from a played cgroup and played interfaces. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import Docker from 'dockerode';
import { faults } from '../../support/api-description.ts';
import { dockerStack } from '../../support/docker-stack.ts';

test('stats tell of each block device, each interface, and how often the processor was withheld', async (t) => {
  const { socketPath, agent } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
  const stats = () => container.stats({ stream: false, 'one-shot': true });
  const idle = await stats();
  assert.deepEqual(faults('GET', '/containers/{id}/stats', 200, idle), []);
  await container.start();
  assert.equal((await stats()).blkio_stats?.io_service_bytes_recursive, null);
  const counters = { rxBytes: 1, rxPackets: 2, rxErrors: 3, rxDropped: 4, txBytes: 5, txPackets: 6 };
  agent.kernel.answers = {
    ...agent.kernel.answers,
    cgroup: {
      ...{ files: { 'memory.current': '4096' }, pressure: {} },
      keyed: { 'cpu.stat': { usage_usec: 7, nr_periods: 8, nr_throttled: 9, throttled_usec: 10 } },
      io: { '254:16': { rbytes: 100, wbytes: 200, rios: 1 }, '7:0': { rbytes: 300 } },
    },
    interfaces: [{ index: 2, name: 'eth0', mac: '', up: true, addresses: [], ...counters, txErrors: 7, txDropped: 8 }],
  };
  const told = await stats();
  assert.deepEqual(faults('GET', '/containers/{id}/stats', 200, told), []);
  assert.deepEqual(told.blkio_stats?.io_service_bytes_recursive, [
    { major: 254, minor: 16, op: 'read', value: 100 },
    { major: 254, minor: 16, op: 'write', value: 200 },
    { major: 7, minor: 0, op: 'read', value: 300 },
    { major: 7, minor: 0, op: 'write', value: 0 },
  ]);
  assert.deepEqual(told.cpu_stats.throttling_data, { periods: 8, throttled_periods: 9, throttled_time: 10_000 });
  assert.deepEqual(told.networks['eth0'], {
    ...{ rx_bytes: 1, rx_packets: 2, rx_errors: 3, rx_dropped: 4 },
    ...{ tx_bytes: 5, tx_packets: 6, tx_errors: 7, tx_dropped: 8 },
  });
});

test('a stream of samples ends when the container is removed, and breaks no connection', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
  await container.start();
  const stream = await container.stats({ stream: true });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  const ended = once(stream, 'end');
  await once(stream, 'data');
  await container.remove({ force: true });
  await ended;
  const lines = Buffer.concat(chunks).toString().split('\n').filter(Boolean);
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line) as unknown, line);
});
