import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { planContainer } from '../../../../guest-agent/plan/container-plan.ts';
import { effectiveNamespaces, needsIdRange } from '../../../../guest-agent/plan/namespaces-plan.ts';
import type { LaunchPlan, Op } from '../../../../guest-agent/plan/op.ts';
import { decodePlan, encodePlan } from '../../../../guest-agent/plan/wire.ts';
import type { ContainerSpec } from '../../../../guest-agent/protocol/container-spec.ts';
import { contextOf, lines, specOf } from './fixtures.ts';

const base = specOf();
const target = { container: 'feed'.repeat(16), pid: 812, idRange: { start: 2_000_000, count: 65_536 } };
const withNamespaces = (changes: Partial<ContainerSpec['namespaces']>) =>
  specOf({ namespaces: { ...base.namespaces, ...changes } });
const withSecurity = (changes: Partial<ContainerSpec['security']>) =>
  specOf({ security: { ...base.security, ...changes } });
const has = (list: readonly string[], part: string) => list.some((line) => line.includes(part));
const positions = (list: readonly string[], ...parts: string[]) =>
  parts.map((part) => {
    const index = list.findIndex((line) => line.includes(part));
    assert.notEqual(index, -1, part);
    return index;
  });
const ascending = (numbers: readonly number[]) =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));

test('a plain container, operation by operation', () => {
  const golden = readFileSync(new URL('container-plan.golden.txt', import.meta.url), 'utf8');
  assert.equal(`${lines(base, contextOf()).join('\n')}\n`, golden);
});

test('the order that the kernel asks for', () => {
  const list = lines(
    specOf({ readOnlyRoot: true, sysctls: { 'kernel.shmmax': '1' }, rlimits: [{ name: 'nofile', soft: 1, hard: 1 }] }),
    contextOf(),
  );
  const order = [
    'monitor: unshare(CLONE_NEWNS)',
    'clone3(',
    'uid_map',
    'mount(overlay',
    'container: unshare(CLONE_NEWCGROUP)',
    'fsopen(proc)',
    'pivot_root',
    'setresuid(0)',
    'move_mount(slot 2, /dev)',
    'kernel/shmmax',
    'mount_setattr(/, set MOUNT_ATTR_RDONLY',
    'mount_setattr(/proc/sys,',
    'prlimit(RLIMIT_NOFILE, 1, 1)',
    'seccomp(',
    'PR_CAPBSET_DROP',
    'capset(',
    'execve',
  ];
  assert.ok(ascending(positions(list, ...order)), list.join('\n'));
});

test('no-new-privileges lets the filter come last of all', () => {
  const list = lines(withSecurity({ noNewPrivileges: true }), contextOf());
  assert.ok(ascending(positions(list, 'PR_SET_NO_NEW_PRIVS', 'capset(', 'seccomp(', 'execve')));
});

test('privileged: the guest’s user namespace, everything allowed, nothing hidden, and a warning', () => {
  const spec = withSecurity({ privileged: true });
  const list = lines(spec, contextOf({ idRange: undefined }));
  for (const absent of [
    'CLONE_NEWUSER',
    'uid_map',
    'IDMAP',
    'seccomp(',
    'cover ',
    'MOUNT_ATTR_NODEV) → slot 0',
    'setfsuid',
  ])
    assert.ok(!has(list, absent), absent);
  assert.ok(has(list, 'capset(effective all, permitted all'));
  assert.match(planContainer(spec, contextOf()).warnings.join(), /--privileged needs the guest's user namespace/);
});

test('host namespaces: network and pid take the user namespace along, ipc, uts and cgroup do not', () => {
  const modes = (changes: Partial<ContainerSpec['namespaces']>) => {
    const { user, warnings } = effectiveNamespaces(withNamespaces(changes));
    return [user, warnings.length];
  };
  assert.deepEqual(modes({ network: 'host' }), ['guest', 1]);
  assert.deepEqual(modes({ pid: 'host' }), ['guest', 1]);
  assert.deepEqual(modes({ network: 'host', user: 'host' }), ['guest', 0]);
  assert.deepEqual(modes({ ipc: 'host', uts: 'host', cgroup: 'host' }), ['new', 0]);
  const list = lines(withNamespaces({ ipc: 'host', uts: 'host', cgroup: 'host' }), contextOf());
  for (const absent of ['CLONE_NEWIPC', 'CLONE_NEWUTS', 'CLONE_NEWCGROUP', 'sethostname', 'fsopen(cgroup2)'])
    assert.ok(!has(list, absent), absent);
  for (const present of ['open_tree(/dev/shm', 'open_tree(/dev/mqueue', 'open_tree(/sys/fs/cgroup'])
    assert.ok(has(list, present), present);
});

test('in the guest’s user namespace a container has MKNOD, as Docker’s do: the device rules hold there, too', () => {
  const capset = (spec: ContainerSpec) =>
    lines(spec, contextOf({ endpoints: [] })).find((line) => line.includes('capset'));
  const host = withNamespaces({ network: 'host' });
  for (const spec of [base, host]) {
    assert.ok(capset(spec)?.includes('MKNOD'));
    assert.ok(has(lines(spec, contextOf({ endpoints: [] })), 'BPF_CGROUP_DEVICE'));
  }
});

test('joining a container takes its user namespace along, in one step for all that is joined of it', () => {
  const spec = withNamespaces({ network: 'container:feed', ipc: 'container:feed' });
  const { plan } = planContainer(spec, contextOf({ joins: { network: target, ipc: target }, endpoints: [] }));
  assert.equal(plan.join.length, 1);
  const list = lines(spec, contextOf({ joins: { network: target, ipc: target }, endpoints: [] }));
  assert.ok(has(list, 'setns(process 812, CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWNET)'));
  for (const absent of ['uid_map', 'netlink', 'ip_unprivileged']) assert.ok(!has(list, absent), absent);
  assert.ok(has(list, 'setfsuid(2000000)') && has(list, 'IDMAP'));
  assert.equal(needsIdRange(spec), false);
});

test('joining a container of the guest’s user namespace means running there, and says so', () => {
  const spec = withNamespaces({ network: 'container:feed' });
  const context = contextOf({ joins: { network: { ...target, idRange: undefined } }, endpoints: [] });
  const { plan, warnings } = planContainer(spec, context);
  assert.deepEqual(
    plan.join.map((join) => 'flags' in join && join.flags),
    [0x40000000n],
  );
  assert.match(warnings.join(), /and so is this one/);
});

test('two containers of different user namespaces cannot both be joined', () => {
  const other = { ...target, pid: 900, idRange: { start: 3_000_000, count: 65_536 } };
  const spec = withNamespaces({ network: 'container:a', pid: 'container:b' });
  assert.throws(() => planContainer(spec, contextOf({ joins: { network: target, pid: other } })), {
    code: 'invalid-argument',
    message: /different user namespaces/,
  });
});

test('mounts go in by depth; read-only, tmpfs options and links within shares are seen to', () => {
  const spec = specOf({
    mounts: [
      { type: 'volume', name: 'deep', target: '/a/b/c', readOnly: true, copyUp: false },
      { type: 'share', share: 's', subpath: 'x', hostPath: '/home/me/x', target: '/a/', readOnly: false },
      { type: 'tmpfs', target: '/a/b', readOnly: false, sizeBytes: 4096, mode: 0o700, options: ['exec', 'uid=5'] },
    ],
  });
  const mountSources = ['/data/volumes/deep', '/run/berth/shares/s/./x', undefined];
  const list = lines(spec, contextOf({ mountSources }));
  assert.ok(ascending(positions(list, ', /a)', 'mkdir -p /a/b ', ', /a/b/c)')));
  assert.ok(has(list, 'MS_NOSUID|MS_NODEV, "mode=700,size=4096,uid=5"'));
  assert.ok(
    has(
      list,
      'open_tree(/run/berth/shares/s/./x, OPEN_TREE_CLONE, RESOLVE_BENEATH), mount_setattr(MOUNT_ATTR_NODEV), mount_setattr(MOUNT_ATTR_IDMAP, the container’s user namespace) →',
    ),
  );
  assert.ok(
    has(list, 'open_tree(/data/volumes/deep, OPEN_TREE_CLONE), mount_setattr(MOUNT_ATTR_RDONLY|MOUNT_ATTR_NODEV)'),
  );
});

test('a volume of a server is mounted first, once, and its owners are not mapped', () => {
  const mounts = ['/a', '/b'].map((target) => ({
    ...{ type: 'volume' as const, name: 'v', target, readOnly: false, copyUp: false },
  }));
  const first: Op = { op: 'mount', source: ':/x', target: '/v', type: 'nfs', flags: 0n, data: '', why: 'nfs' };
  const context = contextOf({ mountSources: ['/v', '/v'], volumesOfServers: { '/v': first } });
  const list = lines(specOf({ mounts }), context);
  assert.ok(ascending(positions(list, 'mount(:/x, /v, nfs', 'open_tree(/v,')));
  assert.equal(list.filter((line) => line.includes('mount(:/x')).length, 1);
  assert.ok(!list.some((line) => line.includes('open_tree(/v,') && line.includes('IDMAP')));
});

test('a mount over one of our own takes its place', () => {
  const mounts: ContainerSpec['mounts'] = ['/dev/shm', '/etc/hosts'].map((path) => ({
    ...{ type: 'volume' as const, name: 'v', target: path, readOnly: false, copyUp: false },
  }));
  const source = '/data/volumes/v';
  const list = lines(specOf({ mounts }), contextOf({ mountSources: [source, source] }));
  assert.ok(!has(list, 'mount(shm'));
  assert.ok(!has(list, 'open_tree(/data/containers/c/hosts,'));
  assert.equal(list.filter((line) => line.includes(', /etc/hosts)')).length, 1);
});

test('mount targets that are refused', () => {
  const plan = (...targets: string[]) =>
    planContainer(
      specOf({ mounts: targets.map((path) => ({ type: 'tmpfs', target: path, readOnly: false, options: [] })) }),
      contextOf({ mountSources: [] }),
    );
  for (const bad of ['/', '', 'data', '/a/../..', '/proc', '/proc/sys', '//'])
    assert.throws(() => plan(bad), { code: 'invalid-argument' }, bad);
  assert.throws(() => plan('/a', '/a/'), { message: /duplicate mount point: \/a/ });
});

test('devices become nodes of the container’s own /dev, folders first', () => {
  const devices = [
    { path: '/dev/net/tun', kind: 'char' as const, major: 10, minor: 200, mode: 0o660, gid: 7, access: 'r' },
  ];
  const list = lines(base, contextOf({ devices }));
  assert.ok(ascending(positions(list, 'dev/net, 0755', 'dev/net/tun, 020660, 10:200', 'dev/net/tun, 0, 7')));
  const bad = (path: string) => lines(base, contextOf({ devices: [{ ...devices[0], path } as (typeof devices)[0]] }));
  for (const path of ['/etc/x', '/dev', '/dev/pts/9', '/dev/fd', '/dev/../etc/x'])
    assert.throws(() => bad(path), { code: 'invalid-argument' }, path);
});

test('dozens of layers fit into the page of mount(2), top layer first; thousands are refused', () => {
  const layerMounts = Array.from({ length: 127 }, (_, index) => `/run/berth/layers/${'ab'.repeat(32)}${index}`);
  const overlay = lines(base, contextOf({ layerMounts })).find((line) => line.includes('mount(overlay')) ?? '';
  assert.match(overlay, /"lowerdir=126:125:.*:1:0,upperdir=w\/upper,workdir=w\/work"/);
  const many = Array.from({ length: 2000 }, () => '/l');
  assert.throws(() => lines(base, contextOf({ layerMounts: many })), { code: 'unsupported', message: /2000 layers/ });
  assert.throws(() => lines(base, contextOf({ layerMounts: [] })), { code: 'invalid-argument' });
});

test('ids outside of the container’s range are refused before anything is made', () => {
  const user = { uid: 70_000, gid: 0, groups: [], home: '/' };
  assert.throws(() => lines(base, contextOf({ user })), { code: 'invalid-argument', message: /user 70000/ });
  const groups = { uid: 5, gid: 5, groups: [5, 70_001], home: '/' };
  assert.throws(() => lines(base, contextOf({ user: groups })), { message: /group 70001/ });
  assert.doesNotThrow(() => lines(withNamespaces({ user: 'host' }), contextOf({ user })));
});

function slotsAreSound(plan: LaunchPlan): void {
  const open = new Set<number>();
  for (const op of [...plan.before, ...plan.outside, ...plan.inside]) {
    if (op.op === 'openTree' || op.op === 'createMount') {
      assert.ok(!open.has(op.slot) && op.slot < 64, `slot ${op.slot} is opened twice`);
      open.add(op.slot);
    } else if (op.op === 'placeMount' || op.op === 'moveMount' || op.op === 'pivotRoot')
      assert.ok(open.delete(op.slot), `slot ${op.slot} is used before it is opened`);
  }
  assert.equal(open.size, 0, 'opened and never used');
}

const anySpec = fc
  .record({
    tty: fc.boolean(),
    readOnlyRoot: fc.boolean(),
    workdir: fc.constantFrom('', '/', '/app'),
    hostname: fc.constantFrom('', 'web'),
    domainname: fc.constantFrom('', 'lan'),
    namespaces: fc.record({
      user: fc.constantFrom('private' as const, 'host' as const),
      pid: fc.constantFrom('private', 'host', 'container:x'),
      ipc: fc.constantFrom('private', 'shareable', 'host', 'none', 'container:x'),
      uts: fc.constantFrom('private' as const, 'host' as const),
      cgroup: fc.constantFrom('private' as const, 'host' as const),
      network: fc.constantFrom('bridge', 'none', 'host', 'container:x'),
    }),
    security: fc.record({
      privileged: fc.boolean(),
      capAdd: fc.constantFrom<string[]>([], ['ALL'], ['SYS_ADMIN']),
      capDrop: fc.constantFrom<string[]>([], ['ALL']),
      noNewPrivileges: fc.boolean(),
      seccomp: fc.constantFrom({ kind: 'default' as const }, { kind: 'unconfined' as const }),
      systemPathsUnconfined: fc.boolean(),
    }),
    count: fc.nat(40),
  })
  .map(({ count, ...changes }) => ({
    spec: specOf({
      ...changes,
      mounts: Array.from({ length: count }, (_, index) => ({
        ...{
          type: 'volume' as const,
          name: `v${index}`,
          target: `/v/${index}`,
          readOnly: index % 2 === 0,
          copyUp: false,
        },
      })),
    }),
    context: contextOf({
      joins: { network: target, pid: target, ipc: target },
      mountSources: Array.from({ length: count }, (_, index) => `/data/v${index}`),
      user: { uid: count, gid: count, groups: [], home: '/' },
    }),
  }));

test('every plan: slots are opened before they are used and used once, every operation has a reason, the wire form keeps it', () => {
  fc.assert(
    fc.property(anySpec, ({ spec, context }) => {
      const { plan } = planContainer(spec, context);
      slotsAreSound(plan);
      const ops: Op[] = [...plan.before, ...plan.outside, ...plan.inside];
      for (const op of ops) assert.ok(op.why.length > 3, op.op);
      assert.deepEqual(decodePlan(encodePlan(plan)).inside.length, plan.inside.length);
      const pivots = plan.inside.filter(({ op }) => op === 'pivotRoot');
      assert.equal(pivots.length, 1);
      const before = plan.inside.slice(0, plan.inside.indexOf(pivots[0] as Op)).map(({ op }) => op);
      assert.ok(
        before.every((op) => op === 'unshare' || op === 'createMount'),
        'nothing is placed before the pivot',
      );
    }),
    { numRuns: 300 },
  );
});
