import assert from 'node:assert/strict';
import { test } from 'node:test';
import { berth, detached, guest, inside, inspect, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

const cgroupFile = (file: string, ...flags: string[]): Promise<string> =>
  inside(`cat /sys/fs/cgroup/${file}`, ...flags);

test('a machine has the processors that it was given', async () => {
  // test/e2e/setup.ts
  assert.equal(await guest('nproc; cat /sys/devices/system/cpu/online'), '2\n0-1');
  assert.equal(await inside('nproc'), '2');
  assert.equal(await inside('nproc', '--cpuset-cpus', '1'), '1');
});

test('limits become what the kernel has', async () => {
  const m = ['--memory', '64m', '--memory-swap', '96m', '--memory-reservation', '32m'];
  assert.equal(
    await inside('cd /sys/fs/cgroup; cat memory.max memory.low memory.swap.max', ...m),
    `${64 << 20}\n${32 << 20}\n${32 << 20}`,
  );
  assert.equal(await cgroupFile('cpu.max', '--cpus', '0.5'), '50000 100000');
  assert.equal(await cgroupFile('cpu.weight', '--cpu-shares', '2048'), '174');
  assert.equal(await cgroupFile('cpuset.cpus', '--cpuset-cpus', '1'), '1');
  assert.equal(await cgroupFile('pids.max', '--pids-limit', '42'), '42');
});

test('device throttles reach io.max', async () => {
  const flags = [
    '--device-read-bps',
    '/dev/vdc:1mb',
    '--device-write-bps',
    '/dev/vdc:2mb',
    '--device-read-iops',
    '/dev/vdc:100',
    '--device-write-iops',
    '/dev/vdc:200',
  ];
  assert.match(await cgroupFile('io.max', ...flags), /rbps=1048576 wbps=2097152 riops=100 wiops=200/);
});

test('--pids-limit holds against a fork bomb', async () => {
  const { stderr, stdout } = await berth([
    'run',
    '--rm',
    '--pids-limit',
    '10',
    'busybox',
    'sh',
    '-c',
    'for i in $(seq 1 30); do sleep 5 & done; echo here',
  ]);
  assert.match(stderr + stdout, /fork|Resource temporarily/i);
});

test('over its memory limit a container is killed and shown as OOM-killed, its neighbour runs on', async (t) => {
  const neighbour = await detached(t, ['--memory', '64m'], ['sleep', '1000']);
  const eater = await detached(t, ['--memory', '32m', '--memory-swap', '32m'], ['sh', '-c', 'tail /dev/zero']);
  assert.equal(await ok(['wait', eater]), '137');
  assert.equal(await inspect(eater, '{{.State.OOMKilled}}'), 'true');
  assert.equal(await inspect(neighbour, '{{.State.Status}} {{.State.OOMKilled}}'), 'running false');
});

test('update changes limits of a running container at once', async (t) => {
  const id = await detached(t, ['--memory', '64m', '--memory-swap', '64m'], ['sleep', '1000']);
  await ok(['update', '--memory', '96m', '--memory-swap', '96m', '--cpus', '1.5', '--pids-limit', '77', id]);
  assert.equal(
    await ok(['exec', id, 'sh', '-c', 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max']),
    `${96 << 20}\n150000 100000\n77`,
  );
  assert.equal(await inspect(id, '{{.HostConfig.Memory}}'), String(96 << 20));
  await ok(['update', '--device-write-bps', '/dev/vdb:1m', '--device-read-iops', '/dev/vdb:100', id]);
  assert.match(
    await ok(['exec', id, 'cat', '/sys/fs/cgroup/io.max']),
    /^\d+:\d+ rbps=max wbps=1048576 riops=100 wiops=max$/,
  );
});

test('update changes weights, processors and the kept memory at once, too', async (t) => {
  const id = await detached(t, ['--cpuset-cpus', '0-1'], ['sleep', '1000']);
  const files = 'cpu.weight cpuset.cpus cpuset.cpus.effective memory.low io.weight';
  const read = (): Promise<string> => ok(['exec', id, 'sh', '-c', `cd /sys/fs/cgroup; cat ${files}`]);
  const flags = ['--cpu-shares', '2048', '--cpuset-cpus', '1', '--memory-reservation', '32m', '--blkio-weight', '500'];
  await ok(['update', ...flags, id]);
  const wanted = `174\n1\n1\n${32 << 20}\ndefault 4950`;
  assert.equal(await read(), wanted);
  await ok(['restart', '-t', '0', id]);
  assert.equal(await read(), wanted, 'and for the next start');
});

test('stats tell use and pressure', async (t) => {
  // Both want the same processor all the time: one of them always waits.
  const busy = 'while :; do :; done & while :; do :; done';
  const id = await detached(t, ['--memory', '64m', '--cpuset-cpus', '0'], ['sh', '-c', busy]);
  const rows = await until('cpu time is used, and waited for', async () => {
    const row = JSON.parse(await ok(['stats', '--no-stream', '--format', 'json', id])) as Record<string, string>;
    const [used, waited] = [row.CPUPerc, row.Pressure].map((text) => Number.parseFloat(text ?? '0'));
    return (used ?? 0) > 1 && (waited ?? 0) > 1 ? row : undefined;
  });
  assert.match(rows.Pressure ?? '', /^\d+\.\d \d+\.\d \d+\.\d$/);
  assert.match(rows.MemUsage ?? '', /64MiB/);
  assert.match(rows.PIDs ?? '', /^[1-9]/);
});

test('a cgroup parent: limits, numbers and processes are found there, it outlives the agent and goes with its last', async (t) => {
  const parent = '/sys/fs/cgroup/berth/e2e/sub';
  const flags = ['--name', 'nested', '--cgroup-parent', '/e2e/sub', '--memory', '64m'];
  const id = await detached(t, flags, ['sleep', '1000']);
  const other = await detached(t, ['--cgroup-parent', 'e2e'], ['sleep', '1000']);
  assert.equal(await guest(`cat ${parent}/${id}/memory.max`), String(64 << 20));
  await guest(`echo 32 > ${parent}/pids.max`);
  await guest(`kill -9 $(ps | awk '/[a]gent.mjs/ {print $1}' | head -1)`);
  await until('the agent is there again', async () => (await berth(['exec', id, 'true'])).code === 0);
  assert.equal(await guest(`cat ${parent}/pids.max`), '32');
  await ok(['update', '--memory', '96m', '--memory-swap', '96m', id]);
  assert.equal(await guest(`cat ${parent}/${id}/memory.max`), String(96 << 20));
  assert.match(await ok(['stats', '--no-stream', id]), /96MiB/);
  assert.match(await ok(['top', id]), /sleep 1000/);
  assert.match(await ok(['ps', '--guest']), /nested .*sleep 1000/);
  await ok(['pause', id]);
  await ok(['unpause', id]);
  assert.equal(await inspect(id, '{{.HostConfig.CgroupParent}}'), '/e2e/sub');
  await ok(['rm', '-f', id]);
  await until('the inner one is gone', async () => (await guest(`ls -d ${parent} 2>&1; true`)).includes('No such'));
  await ok(['rm', '-f', other]);
  await until('the outer one is gone', async () =>
    (await guest('ls /sys/fs/cgroup/berth')).split('\n').every((name) => name !== 'e2e'),
  );
  await refused(['run', '--rm', '--cgroup-parent', '../x', 'busybox', 'true'], 125, /--cgroup-parent/);
});

test('the cgroup goes with the container', async () => {
  const id = await ok(['create', 'busybox', 'true']);
  await ok(['start', '-a', id]);
  await ok(['rm', id]);
  assert.equal(await guest(`find /sys/fs/cgroup -type d -name '*${id}*' | wc -l`), '0');
});

test('limits below what the kernel can do are refused', async () => {
  await refused(['run', '--rm', '--memory', '1m', 'busybox', 'true'], 125, /6 ?M/i);
  await refused(['run', '--rm', '--cpus', '64', 'busybox', 'true'], 125, /cpus/i);
  await refused(['run', '--rm', '--cpuset-cpus', '7', 'busybox', 'true'], 125, /cpuset/i);
  await refused(['run', '--rm', '--memory', '64m', '--memory-swap', '32m', 'busybox', 'true'], 125, /swap/i);
});
