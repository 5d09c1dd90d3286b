import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planExec, type ExecContext } from '../../../../guest-agent/plan/exec-plan.ts';
import { explainPlan } from '../../../../guest-agent/plan/explain.ts';
import { planUnshare, type UnshareParams } from '../../../../guest-agent/plan/unshare-plan.ts';
import type { ExecSpec } from '../../../../guest-agent/protocol/exec.ts';
import type { LaunchPlan } from '../../../../guest-agent/plan/op.ts';
import { contextOf, id, specOf } from './fixtures.ts';

const text = (plan: LaunchPlan) => explainPlan(plan).map(({ actor, detail }) => `${actor}: ${detail}`);

const execSpec: ExecSpec = {
  ...{ container: id, argv: ['sh'], env: ['X=1'], workdir: '', user: '' },
  ...{ tty: true, openStdin: true, privileged: false },
};
const execContext = (container: Partial<ExecContext['container']> = {}): ExecContext => ({
  container: {
    ...{ id, spec: specOf({ workdir: '/srv' }), pid: 812, cgroup: '/sys/fs/cgroup/berth/c' },
    idRange: { start: 1_000_000, count: 65_536 },
    ...container,
  },
  user: { uid: 1000, gid: 1000, groups: [10], home: '/home/u' },
  ...{ socket: '/run/s', state: '/run/d', holdForAttach: true, facts: contextOf().facts },
});

test('an exec joins all namespaces and the cgroup, and gives up the same privileges', () => {
  const { plan } = planExec(execSpec, execContext());
  const [join, clone, ...rest] = text(plan);
  const all = 'CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET';
  assert.equal(join, `container: setns(process 812, ${all})`);
  assert.equal(clone, 'monitor: clone3(CLONE_PIDFD|CLONE_INTO_CGROUP, /sys/fs/cgroup/berth/c)');
  for (const part of [
    'setresuid(0)',
    'chdir(/srv)',
    'seccomp(',
    'setgroups([10])',
    'setresuid(1000)',
    'effective none',
  ])
    assert.ok(
      rest.some((line) => line.includes(part)),
      part,
    );
  assert.ok(!rest.some((line) => line.includes('mkdir')), 'a missing working directory is an error');
  assert.deepEqual(plan.exec.env.slice(1), ['HOSTNAME=c0ffee5eed00', 'TERM=xterm', 'HOME=/home/u', 'LANG=C', 'X=1']);
});

test('what a container shares with the guest is not joined', () => {
  const spec = specOf({ namespaces: { ...specOf().namespaces, network: 'host', uts: 'host' } });
  const [join, ...rest] = text(planExec(execSpec, execContext({ spec, idRange: undefined })).plan);
  assert.equal(join, 'container: setns(process 812, CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWIPC|CLONE_NEWPID)');
  assert.ok(!rest.some((line) => line.includes('setresuid(0)')));
});

test('a privileged exec has all capabilities and no filter', () => {
  const lines = text(
    planExec({ ...execSpec, privileged: true }, { ...execContext(), user: { uid: 0, gid: 0, groups: [], home: '/' } })
      .plan,
  );
  assert.ok(lines.some((line) => line.includes('capset(effective all')));
  assert.ok(!lines.some((line) => line.includes('seccomp(')));
});

const params: UnshareParams = {
  ...{ namespaces: ['pid'], fork: true, mountProc: true, mapRootUser: false },
  ...{ hostname: '', argv: ['sh'], env: [], tty: true },
};
const unshareContext = { socket: '/run/s', state: '/run/d', cgroup: '/sys/fs/cgroup/berth/u', hostname: 'guest' };

test('unshare: only the namespaces asked for, and those they imply', () => {
  assert.deepEqual(text(planUnshare(params, unshareContext)), [
    'monitor: mkdir(/sys/fs/cgroup/berth/u, 0755)',
    'monitor: clone3(CLONE_PIDFD|CLONE_INTO_CGROUP|CLONE_NEWNS|CLONE_NEWPID, /sys/fs/cgroup/berth/u)',
    'container: mount(/, MS_REC|MS_PRIVATE)',
    'container: mount(proc, /proc, proc, MS_NOSUID|MS_NODEV|MS_NOEXEC, "")',
    'container: setsid()',
    'container: stdin, stdout, stderr of 0:0',
    'container: execve sh',
  ]);
});

test('unshare: root mapped, a name of its own, and pid without --fork for the children alone', () => {
  const changed = { ...params, fork: false, mountProc: false, mapRootUser: true, hostname: 'box' };
  const lines = text(planUnshare(changed, unshareContext));
  assert.ok(lines.some((line) => line.includes('CLONE_NEWUTS|CLONE_NEWUSER, ')));
  assert.ok(lines.includes('monitor: write "0 0 1" to /proc/{pid}/uid_map'));
  assert.ok(lines.includes('container: unshare(CLONE_NEWPID)'));
  assert.ok(lines.includes('container: sethostname("box")'));
  const nobody = text(planUnshare({ ...params, namespaces: ['user', 'cgroup'], mountProc: false }, unshareContext));
  assert.ok(!nobody.some((line) => line.includes('uid_map') || line.includes('stdin')));
  assert.ok(nobody.includes('container: unshare(CLONE_NEWCGROUP)'));
});
