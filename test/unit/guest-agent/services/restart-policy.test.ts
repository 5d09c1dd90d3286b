import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { restartDelay, restartWanted } from '../../../../guest-agent/services/restart-policy.ts';
import type { RestartPolicy } from '../../../../guest-agent/protocol/container-spec.ts';

describe('restartWanted', () => {
  const table: readonly [
    name: RestartPolicy['name'],
    retries: number,
    exitCode: number,
    stopped: boolean,
    count: number,
    wanted: boolean,
  ][] = [
    ['no', 0, 1, false, 0, false],
    ['always', 0, 0, false, 100, true],
    ['always', 0, 0, true, 0, true],
    ['unless-stopped', 0, 0, false, 3, true],
    ['unless-stopped', 0, 137, true, 0, false],
    ['on-failure', 0, 0, false, 0, false],
    ['on-failure', 0, 1, false, 1000, true],
    ['on-failure', 3, 1, false, 2, true],
    ['on-failure', 3, 1, false, 3, false],
  ];
  for (const [name, maximumRetries, exitCode, stopped, count, wanted] of table)
    test(`${name}:${maximumRetries}, exit ${exitCode}, ${stopped ? 'stopped' : 'by itself'}, ${count} before`, () =>
      assert.equal(restartWanted({ name, maximumRetries }, { exitCode, stopped, count }), wanted));
  test('without a policy', () =>
    assert.equal(restartWanted(undefined, { exitCode: 1, stopped: false, count: 0 }), false));
});

test('the delay doubles up to a minute and begins anew after a run of ten seconds', () => {
  const delays = [0];
  for (let i = 0; i < 12; i += 1) delays.push(restartDelay(delays.at(-1) ?? 0, 9999));
  assert.deepEqual(delays.slice(1, 5), [100, 200, 400, 800]);
  assert.equal(delays.at(-1), 60_000);
  assert.equal(restartDelay(60_000, 10_000), 100);
});
