import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  planChangesArchiver,
  planRunningArchiver,
  planStoppedArchiver,
} from '../../../../guest-agent/plan/archive-plan.ts';
import { explainPlan } from '../../../../guest-agent/plan/explain.ts';
import type { LaunchPlan } from '../../../../guest-agent/plan/op.ts';
import type { ContainerSpec } from '../../../../guest-agent/protocol/container-spec.ts';
import { contextOf, specOf } from './fixtures.ts';

const at = { socket: '/run/s', state: '/run/d' };
const argv = ['get', '/etc', 'etc'];
const ids = { start: 1_000_000, count: 65_536 };
const text = (plan: LaunchPlan): string[] => explainPlan(plan).map(({ actor, detail }) => `${actor}: ${detail}`);
const has = (lines: readonly string[], part: string): boolean => lines.some((line) => line.includes(part));

test('in a running container it joins mounts and users alone, as the container’s root, in no cgroup of it', () => {
  const plan = planRunningArchiver(argv, at, { pid: 812, mapped: true }, true);
  const lines = text(plan);
  assert.equal(plan.before[0]?.op, 'ownProgram');
  assert.ok(has(lines, 'setns(process 812, CLONE_NEWNS|CLONE_NEWUSER)'));
  assert.deepEqual([plan.clone.cgroup, plan.clone.flags], ['', 0n]);
  assert.deepEqual(plan.exec.argv, ['berth-archive', ...argv]);
  assert.ok(has(lines, 'setresuid(0)') && !has(lines, 'pivot_root'));
  assert.ok(!has(text(planRunningArchiver(argv, at, { pid: 812, mapped: false }, true)), 'CLONE_NEWUSER'));
});

test('the root alone is a copy of the root mount without what is mounted in it, in a namespace of its own', () => {
  const lines = text(planRunningArchiver(argv, at, { pid: 812, mapped: true }, false));
  assert.ok(has(lines, 'open_tree(/, OPEN_TREE_CLONE'));
  assert.ok(has(lines, 'pivot_root'));
  assert.ok(!has(lines, 'AT_RECURSIVE'));
});

const mounts: ContainerSpec['mounts'] = [
  { type: 'tmpfs', target: '/tmp', readOnly: false, options: [] },
  { type: 'volume', name: 'data', target: '/data', readOnly: true, copyUp: true },
];
const stopped = (changes: Partial<ContainerSpec>, options: Partial<Parameters<typeof planStoppedArchiver>[3]> = {}) => {
  const spec = specOf({ mounts, ...changes });
  const context = contextOf({ mountSources: [undefined, '/volumes/data/_data'] });
  return text(planStoppedArchiver(argv, at, { spec, context }, { ids, withMounts: true, fresh: false, ...options }));
};

test('a stopped container’s root is put together with its volumes, not its tmpfs, nothing of the guest in sight', () => {
  const lines = stopped({});
  assert.ok(has(lines, 'overlay') && has(lines, 'pivot_root'));
  assert.ok(has(lines, '/volumes/data/_data') && has(lines, 'MOUNT_ATTR_RDONLY'));
  assert.ok(!has(lines, 'tmpfs, /tmp') && !has(lines, 'proc, '), lines.join('\n'));
  const pivot = lines.findIndex((line) => line.includes('pivot_root'));
  assert.ok(lines.findIndex((line) => line.includes('setresuid(0)')) > pivot);
  assert.ok(has(lines, 'uid_map'));
});

test('read-only roots stay so; files in /etc are made for one that never ran; export leaves mounts out', () => {
  assert.ok(has(stopped({ readOnlyRoot: true }), 'mount_setattr(/, set MOUNT_ATTR_RDONLY'));
  assert.ok(!has(stopped({}), 'create /') && has(stopped({}, { fresh: true }), 'create /'));
  assert.ok(!has(stopped({}, { withMounts: false }), '_data'));
  assert.ok(!has(stopped({}, { ids: undefined }), 'uid_map'));
});

test('changes are looked at as they are on the disk, beside the image’s layers as one tree', () => {
  const compare = (...layerMounts: string[]) => planChangesArchiver('compare', at, contextOf({ layerMounts }));
  const [one, two] = [compare('/layers/a'), compare('/layers/a', '/layers/b')];
  assert.deepEqual(one.exec.argv.slice(0, 4), ['berth-archive', 'compare', '/w/upper', '/0']);
  assert.deepEqual(two.exec.argv.slice(0, 4), ['berth-archive', 'compare', '/w/upper', '/root']);
  assert.ok(has(text(two), 'lowerdir=1:0'));
  assert.ok(!has(text(one), 'lowerdir') && !has(text(one), 'AT_IDMAP') && !has(text(one), 'uid_map'));
  const layer = planChangesArchiver('layer', at, contextOf());
  assert.deepEqual(layer.exec.argv.slice(0, 4), ['berth-archive', 'layer', '/w/upper', '/dev']);
});
