import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { launchError } from '../../../../guest-agent/effects/linux/failure.ts';
import type { LaunchPlan } from '../../../../guest-agent/plan/op.ts';
import { planSection, type PlanSection } from '../../../../guest-agent/plan/wire.ts';

const plan: LaunchPlan = {
  monitor: {
    ...{ socket: '/s', stateDir: '/d', logPath: '', logMaxBytes: 0n, logMaxFiles: 1 },
    ...{ tty: false, openStdin: false, stdinOnce: false, holdForAttach: false },
  },
  before: [{ op: 'mkdir', path: '/d/rw', mode: 0o700, why: 'writable layer' }],
  ...{ join: [], clone: { flags: 0n, cgroup: '', why: '' } },
  outside: [{ op: 'mount', source: ':/x', target: '/v', type: 'nfs', flags: 0n, data: '', why: 'a volume' }],
  inside: [{ op: 'chdir', path: '/work', why: 'working directory' }],
  exec: { argv: ['serve'], env: [], searchPath: ['/bin', '/usr/bin'], init: false, why: '' },
};

function failure(section: PlanSection, index: number, errno: number, text: string) {
  const payload = Buffer.alloc(9);
  payload.writeUInt8(planSection[section], 0);
  payload.writeUInt32LE(index, 1);
  payload.writeInt32LE(errno, 5);
  return launchError(plan, Buffer.concat([payload, Buffer.from(text)]));
}

const { ENODEV, ENOENT, EACCES, ENOEXEC, ENOSPC, EPERM } = constants.errno;

test('a failed operation is named with its reason, its call and its errno', () => {
  const error = failure('inside', 0, ENOENT, 'chdir');
  assert.equal(error.code, 'operation-failed');
  assert.match(error.message, /chdir \/work \(working directory\): chdir: ENOENT/);
  assert.deepEqual(error.data, {
    ...{ section: 'inside', index: 0, errno: ENOENT, errnoName: 'ENOENT', call: 'chdir', op: 'chdir' },
  });
});

test('a full disk is called so; other limits with the same number are not', () => {
  assert.equal(failure('before', 0, ENOSPC, 'mkdir').code, 'disk-full');
  assert.equal(failure('clone', 0, ENOSPC, 'clone3').code, 'operation-failed');
});

test('a file system that the kernel has not is named', () => {
  const error = failure('outside', 0, ENODEV, 'mount');
  assert.equal(error.code, 'unsupported');
  assert.match(error.message, /kernel has no file system nfs/);
});

test('exec: not found and not executable are told apart', () => {
  assert.equal(failure('exec', 0, ENOENT, 'execve').code, 'command-not-found');
  assert.match(failure('exec', 0, ENOENT, 'execve').message, /serve in \/bin:\/usr\/bin/);
  for (const errno of [EACCES, ENOEXEC, EPERM])
    assert.equal(failure('exec', 0, errno, 'execve').code, 'command-not-executable');
});

test('what fails around exec is not the command’s fault', () => {
  assert.equal(failure('exec', 0, EACCES, 'open /dev/ptmx').code, 'operation-failed');
});

test('an index past the plan does not matter', () =>
  assert.equal(failure('outside', 99, EPERM, 'mount').code, 'operation-failed'));
