/** Processes that outlive the first one of their container: they end with it, whatever namespaces they are in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detached, guest, inspect, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

const running = (seconds: number): Promise<string> => guest(`ps | grep '[s]leep ${seconds}$' || true`);
const nothingLeft = (seconds: number): Promise<unknown> =>
  until(`no sleep ${seconds} is left`, async () => (await running(seconds)) === '');

test('in the guest’s pid namespace, where no pid 1 takes them along', async (t) => {
  const script = 'rm -f /go; sleep 31337 & until [ -e /go ]; do sleep 0.05; done';
  const id = await detached(t, ['--pid', 'host'], ['sh', '-c', script]);
  for (const turn of ['first', 'second']) {
    await until(`it runs for the ${turn} time`, async () => (await running(31337)) !== '');
    await ok(['exec', id, 'touch', '/go']);
    assert.equal(await ok(['wait', id]), '0');
    await nothingLeft(31337);
    if (turn === 'first') await ok(['start', id]);
  }
});

test('of an exec', async (t) => {
  const id = await detached(t, ['--pid', 'host'], ['sleep', '1000']);
  await ok(['exec', '-d', id, 'sleep', '31338']);
  await until('it runs', async () => (await running(31338)) !== '');
  await ok(['kill', id]);
  await nothingLeft(31338);
});

test('when the container’s monitor is killed', async (t) => {
  const id = await detached(t, [], ['sleep', '31339']);
  const pid = await inspect(id, '{{.State.Pid}}');
  assert.notEqual(await running(31339), '');
  await guest(`kill -9 $(sed -n 's/^PPid:[[:space:]]*//p' /proc/${pid}/status)`);
  await until('the end is noted', async () => (await inspect(id, '{{.State.Status}}')) === 'exited');
  assert.match(await inspect(id, '{{.State.Error}}'), /monitor/);
  await nothingLeft(31339);
  await ok(['start', id]);
  assert.equal(await inspect(id, '{{.State.Status}}'), 'running');
});

test('of unshare', async () => {
  const script = 'sleep 31340 >/dev/null 2>&1 & until ps | grep -q "[s]leep 31340$"; do :; done';
  await ok(['unshare', '--uts', 'sh', '-c', script]);
  await nothingLeft(31340);
});
