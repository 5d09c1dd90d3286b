import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashCause, crashMessage } from '../../../../app/services/crash-spec.ts';

test('one line: how it ended, and the one line of the console that tells why', () => {
  const detail = 'Console:\nstarting\nKernel panic - not syncing: out of bananas.\n---[ end';
  assert.equal(
    crashMessage({ kind: 'crashed', code: null, signal: 'SIGABRT', detail }),
    'The virtual machine ended unexpectedly (SIGABRT): Kernel panic - not syncing: out of bananas.',
  );
  assert.equal(
    crashMessage({ kind: 'crashed', code: 1, signal: null, detail: 'Console:\nhello' }),
    'The virtual machine ended unexpectedly (status 1).',
  );
  assert.equal(crashMessage({ kind: 'stopped', code: 0, signal: null, detail: '' }), undefined);
  assert.equal(
    crashCause("QEMU's messages:\nqemu-system-x86_64: cannot set up guest memory 'ram'\n"),
    ": qemu-system-x86_64: cannot set up guest memory 'ram'",
  );
  assert.equal(
    crashCause("QEMU's reason: guest-reset\nConsole:\nberth: stage init\n[ 1.2] Kernel panic - not syncing: x"),
    ': [ 1.2] Kernel panic - not syncing: x',
  );
  assert.equal(crashCause("QEMU's reason: guest-reset\nConsole:\nhello"), ": QEMU's reason: guest-reset");
});
