import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuPlan, sharesToWeight } from '../../../../guest-agent/plan/cgroup/cpu.ts';
import { cpusetPlan } from '../../../../guest-agent/plan/cgroup/cpuset.ts';
import { blkioToIoWeight, ioPlan } from '../../../../guest-agent/plan/cgroup/io.ts';
import { memoryPlan } from '../../../../guest-agent/plan/cgroup/memory.ts';
import { pidsPlan } from '../../../../guest-agent/plan/cgroup/pids.ts';
import { cgroupParents } from '../../../../guest-agent/plan/cgroup-parent.ts';
import { planCgroup, planUpdate } from '../../../../guest-agent/plan/cgroup-plan.ts';
import { describeOp } from '../../../../guest-agent/plan/explain.ts';
import type { ControllerPlan } from '../../../../guest-agent/plan/cgroup/write.ts';
import type { Resources } from '../../../../guest-agent/protocol/container-spec.ts';
import { contextOf, lines, specOf } from './fixtures.ts';

const mebi = 1024 * 1024;
const written = ({ writes }: ControllerPlan) => writes.map(({ file, value }) => `${file} ${value}`);

test('memory: values to writes', () => {
  const table: [Resources, string[]][] = [
    [{}, []],
    [{ memoryBytes: 0 }, []],
    [{ memoryBytes: 6 * mebi }, ['memory.max 6291456', 'memory.swap.max 6291456']],
    [{ memoryBytes: 64 * mebi, memorySwapBytes: 96 * mebi }, ['memory.max 67108864', 'memory.swap.max 33554432']],
    [{ memoryBytes: 64 * mebi, memorySwapBytes: 64 * mebi }, ['memory.max 67108864', 'memory.swap.max 0']],
    [{ memoryBytes: 64 * mebi, memorySwapBytes: -1 }, ['memory.max 67108864', 'memory.swap.max max']],
    [{ memoryReservationBytes: 32 * mebi }, ['memory.low 33554432']],
  ];
  for (const [resources, expected] of table) assert.deepEqual(written(memoryPlan(resources, { swap: true })), expected);
});

test('memory: without swap accounting the rest is written, and asking for swap warns', () => {
  const plan = memoryPlan({ memoryBytes: 64 * mebi, memorySwapBytes: 96 * mebi }, { swap: false });
  assert.deepEqual(written(plan), ['memory.max 67108864']);
  assert.match(plan.warnings.join(), /does not account swap/);
});

test('memory: what is refused', () => {
  const table: [Resources, string, RegExp][] = [
    [{ memoryBytes: 6 * mebi - 1 }, 'limit-too-low', /minimum of 6 MiB/],
    [{ memoryReservationBytes: mebi }, 'limit-too-low', /--memory-reservation 1048576/],
    [{ memoryBytes: 64 * mebi, memorySwapBytes: 32 * mebi }, 'limit-too-low', /below --memory 67108864/],
    [{ memorySwapBytes: 32 * mebi }, 'invalid-argument', /without --memory/],
    [{ memoryBytes: 64 * mebi, memoryReservationBytes: 65 * mebi }, 'invalid-argument', /above --memory/],
    [{ memorySwapBytes: -2 }, 'invalid-argument', /negative/],
  ];
  for (const [resources, code, message] of table)
    assert.throws(() => memoryPlan(resources, { swap: true }), { code, message });
});

test('cpu: values to writes, and the ends of the range', () => {
  const facts = { cpus: 2 };
  assert.deepEqual(written(cpuPlan({ nanoCpus: 1_500_000_000 }, facts)), ['cpu.max 150000 100000']);
  assert.deepEqual(written(cpuPlan({ nanoCpus: 10_000_000 }, facts)), ['cpu.max 1000 100000']);
  assert.deepEqual(written(cpuPlan({ cpuShares: 512 }, facts)), ['cpu.weight 59']);
  assert.deepEqual(written(cpuPlan({ cpuQuotaMicros: 900_000 }, facts)), ['cpu.max 900000 100000']);
  assert.deepEqual(written(cpuPlan({ cpuQuotaMicros: 5000, cpuPeriodMicros: 20_000 }, facts)), ['cpu.max 5000 20000']);
  assert.deepEqual(written(cpuPlan({ cpuPeriodMicros: 20_000 }, facts)), ['cpu.max max 20000']);
  assert.deepEqual(written(cpuPlan({ cpuQuotaMicros: -1 }, facts)), ['cpu.max max 100000']);
  assert.throws(() => cpuPlan({ cpuQuotaMicros: 999 }, facts), { code: 'limit-too-low' });
  for (const cpuPeriodMicros of [999, 1_000_001])
    assert.throws(() => cpuPlan({ cpuPeriodMicros }, facts), { code: 'invalid-argument' });
  assert.throws(() => cpuPlan({ nanoCpus: 1e9, cpuQuotaMicros: 5000 }, facts), {
    message: /CPU Quota cannot both be set/,
  });
  assert.throws(() => cpuPlan({ nanoCpus: 9_000_000 }, facts), { code: 'limit-too-low' });
  assert.throws(() => cpuPlan({ nanoCpus: 2_000_000_001 }, facts), { code: 'invalid-argument', message: /has 2 CPUs/ });
});

test('cpu shares meet the weights at both ends and at the default', () => {
  assert.deepEqual([1, 2, 1024, 262_144, 300_000].map(sharesToWeight), [1, 1, 100, 10_000, 10_000]);
  let last = 0;
  for (let shares = 2; shares <= 262_144; shares += 97) {
    const weight = sharesToWeight(shares);
    assert.ok(weight >= last && weight >= 1 && weight <= 10_000, `${shares}: ${weight}`);
    last = weight;
  }
});

test('cpuset: lists are kept as written, what does not exist is refused', () => {
  const facts = { cpus: 4, memoryNodes: 1 };
  const plan = cpusetPlan({ cpusetCpus: '0-1,3', cpusetMems: '0' }, facts);
  assert.deepEqual(written(plan), ['cpuset.cpus 0-1,3', 'cpuset.mems 0']);
  assert.throws(() => cpusetPlan({ cpusetCpus: '2-4' }, facts), { message: /has 4 \(0-3\)/ });
  assert.throws(() => cpusetPlan({ cpusetMems: '1' }, facts), { message: /has 1/ });
  for (const bad of ['a', '1-', '3-1', '0,,1', '-1'])
    assert.throws(() => cpusetPlan({ cpusetCpus: bad }, facts), { code: 'invalid-argument' }, bad);
});

test('pids: a limit, none, or not asked for', () => {
  const values = [undefined, -1, 0, 20].map((pidsLimit) => written(pidsPlan({ pidsLimit })));
  assert.deepEqual(values, [[], ['pids.max max'], ['pids.max max'], ['pids.max 20']]);
});

test('io: weight and throttles', () => {
  const facts = { ioWeight: true, deviceNumbers: { '/dev/vdb': { major: 254, minor: 16 } } };
  const device = '/dev/vdb';
  const plan = ioPlan(
    { blkioWeight: 500, deviceReadBps: [{ device, rate: 1000 }], deviceWriteIops: [{ device, rate: 0 }] },
    facts,
  );
  assert.deepEqual(written(plan), ['io.weight default 4950', 'io.max 254:16 rbps=1000', 'io.max 254:16 wiops=max']);
  assert.deepEqual([10, 1000].map(blkioToIoWeight), [1, 10_000]);
  assert.throws(() => ioPlan({ blkioWeight: 9 }, facts), { code: 'invalid-argument' });
  assert.throws(() => ioPlan({ deviceWriteBps: [{ device: '/dev/none', rate: 1 }] }, facts), { message: /no such/ });
  const without = ioPlan({ blkioWeight: 500 }, { ...facts, ioWeight: false });
  assert.deepEqual([without.writes.length, without.warnings.length], [0, 1]);
});

test('a container gets its cgroup first, then its limits and its device rules', () => {
  const { ops } = planCgroup(specOf({ resources: { memoryBytes: 64 * mebi, pidsLimit: 5 } }), contextOf());
  assert.deepEqual(ops.map(describeOp), [
    'mkdir(/sys/fs/cgroup/berth/c, 0755)',
    'write "67108864" to /sys/fs/cgroup/berth/c/memory.max',
    'write "67108864" to /sys/fs/cgroup/berth/c/memory.swap.max',
    'write "5" to /sys/fs/cgroup/berth/c/pids.max',
    'bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE, /sys/fs/cgroup/berth/c, 65 BPF instructions)',
  ]);
});

test('an update writes only what changes, checks the result, and answers it', () => {
  const current: Resources = { memoryBytes: 64 * mebi, memorySwapBytes: 128 * mebi, pidsLimit: 5 };
  const changes: Resources = { memoryBytes: 96 * mebi, pidsLimit: 5, nanoCpus: 0 };
  const { ops, resources } = planUpdate(current, changes, contextOf());
  assert.deepEqual(ops.map(describeOp), [
    'write "100663296" to /sys/fs/cgroup/berth/c/memory.max',
    'write "33554432" to /sys/fs/cgroup/berth/c/memory.swap.max',
  ]);
  assert.deepEqual(resources, { memoryBytes: 96 * mebi, memorySwapBytes: 128 * mebi, pidsLimit: 5 });
  assert.throws(() => planUpdate(current, { memoryBytes: 256 * mebi }, contextOf()), { code: 'limit-too-low' });
  for (const pidsLimit of [-1, 0])
    assert.deepEqual(planUpdate(current, { pidsLimit }, contextOf()).ops.map(describeOp), [
      'write "max" to /sys/fs/cgroup/berth/c/pids.max',
    ]);
});

test('a cgroup parent is a path beneath that of all containers, without what leads out or is taken', () => {
  const table: readonly (readonly [string, string[]])[] = [
    ['', []],
    ['/', []],
    ['group', ['group']],
    ['/group/sub/', ['group', 'sub']],
    ['web.slice//a:b@c+d-e_f', ['web.slice', 'a:b@c+d-e_f']],
  ];
  for (const [text, names] of table) assert.deepEqual(cgroupParents(text), names);
  const bad = [
    '..',
    'a/../b',
    '.',
    'a b',
    'a\nb',
    'x'.repeat(256),
    'f'.repeat(64),
    'a/unshare-1',
    'memory.max',
    'cgroup.procs',
  ];
  for (const text of bad) assert.throws(() => cgroupParents(text), { code: 'invalid-argument' }, text);
});

test('parents come before what is in them, and let limits be set there', () => {
  const parents = ['/sys/fs/cgroup/berth/a', '/sys/fs/cgroup/berth/a/b'];
  const list = lines(specOf(), contextOf({ cgroupParents: parents, cgroup: '/sys/fs/cgroup/berth/a/b/c' }));
  assert.deepEqual(list.slice(0, 5), [
    'monitor: mkdir(/sys/fs/cgroup/berth/a, 0755)',
    'monitor: write "+cpu +cpuset +io +memory +pids" to /sys/fs/cgroup/berth/a/cgroup.subtree_control',
    'monitor: mkdir(/sys/fs/cgroup/berth/a/b, 0755)',
    'monitor: write "+cpu +cpuset +io +memory +pids" to /sys/fs/cgroup/berth/a/b/cgroup.subtree_control',
    'monitor: mkdir(/sys/fs/cgroup/berth/a/b/c, 0755)',
  ]);
});
