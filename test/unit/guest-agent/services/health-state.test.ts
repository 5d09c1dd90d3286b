import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Healthcheck } from '../../../../guest-agent/protocol/container-spec.ts';
import { afterProbe, beginning, probeCommand, untilProbe } from '../../../../guest-agent/services/health-state.ts';

const check: Healthcheck = {
  ...{ test: ['CMD', 'true'], interval: 30_000, timeout: 1000, startPeriod: 5000, startInterval: 500, retries: 2 },
};
const result = (exitCode: number, output = '') => ({ startedAt: '1', endedAt: '2', exitCode, output });
/** `+` is a success, `-` a failure; those before `|` are in the start period. */
const statuses = (probes: string) => {
  const [early = ''] = probes.split('|', 1);
  let health = beginning;
  return Array.from(probes.replace('|', ''), (probe, index) => {
    health = afterProbe(health, result(probe === '+' ? 0 : 1), check, index < early.length ? 100 : 9000);
    return health.status;
  });
};

describe('a health check', () => {
  test('failures count from the end of the start period', () =>
    assert.deepEqual(statuses('---|--'), ['starting', 'starting', 'starting', 'starting', 'unhealthy']));
  test('one success makes it healthy, so many failures in a row unhealthy', () =>
    assert.deepEqual(statuses('|+-+--+'), ['healthy', 'healthy', 'healthy', 'healthy', 'unhealthy', 'healthy']));
  test('once it was healthy, failures count in the start period, too', () =>
    assert.deepEqual(statuses('+--|'), ['healthy', 'healthy', 'unhealthy']));
  test('the last five results are kept', () => {
    let health = beginning;
    for (let i = 0; i < 7; i += 1) health = afterProbe(health, result(0, String(i)), check, 0);
    assert.deepEqual(
      health.log.map(({ output }) => output),
      ['2', '3', '4', '5', '6'],
    );
  });
  test('it runs more often in the start period', () => {
    assert.equal(untilProbe(beginning, check, 100), 500);
    assert.equal(untilProbe(beginning, check, 5000), 30_000);
    assert.equal(untilProbe({ ...beginning, status: 'healthy' }, check, 100), 30_000);
  });
  test('its command', () => {
    assert.deepEqual(probeCommand({ ...check, test: ['CMD', 'a', 'b c'] }), ['a', 'b c']);
    assert.deepEqual(probeCommand({ ...check, test: ['CMD-SHELL', 'a || b'] }), ['/bin/sh', '-c', 'a || b']);
    assert.equal(probeCommand({ ...check, test: ['NONE'] }), undefined);
    assert.equal(probeCommand(undefined), undefined);
  });
});
