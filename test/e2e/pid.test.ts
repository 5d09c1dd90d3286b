import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detached, guest, inside, inspect, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

test('the first process is pid 1 inside and has another pid in the guest', async (t) => {
  assert.equal(await inside('echo $$'), '1');
  const id = await detached(t, [], ['sleep', '1000']);
  const pid = Number(await inspect(id, '{{.State.Pid}}'));
  assert.ok(pid > 1, `pid ${pid}`);
  const status = await guest(`grep NSpid /proc/${pid}/status`);
  assert.deepEqual(status.split(/\s+/).slice(1).map(Number), [pid, 1]);
});

test('processes of the guest are not visible inside', async () => {
  const listed = (await inside('ls -d /proc/[0-9]*')).split('\n');
  assert.ok(listed.length <= 2, listed.join(' '));
});

test('--init runs a reaper as pid 1, which collects orphans and passes signals on', async (t) => {
  const id = await detached(
    t,
    ['--init'],
    ['sh', '-c', 'trap "echo got TERM; exit 7" TERM; sh -c "sleep 0.1 & exec true"; while :; do sleep 0.05; done'],
  );
  assert.notEqual(await ok(['exec', id, 'cat', '/proc/1/comm']), 'sh');
  await until('no zombie is left', async () => {
    const states = await ok(['exec', id, 'sh', '-c', 'cat /proc/[0-9]*/stat 2>/dev/null | cut -d" " -f3']);
    return !states.includes('Z');
  });
  await ok(['stop', id]);
  assert.equal(await inspect(id, '{{.State.ExitCode}}'), '7');
  assert.match(await ok(['logs', id]), /got TERM/);
});

test('--pid host shows the guest, says that it gives up the user namespace; --pid container:ID joins', async (t) => {
  const seen = await ok(['run', '--rm', '--pid', 'host', 'busybox', 'sh', '-c', 'ls -d /proc/[0-9]* | wc -l']);
  assert.ok(Number(seen) > 5, seen);
  const id = await detached(t, ['--name', 'pid-owner'], ['sleep', '1234']);
  const joined = await ok(['run', '--rm', '--pid', `container:${id}`, 'busybox', 'ps']);
  assert.match(joined, /sleep 1234/);
});

test('ending pid 1 ends every process of the container', async (t) => {
  const id = await detached(t, [], ['sh', '-c', 'sleep 4321 & sleep 4321 & wait']);
  await until('children run', async () => (await ok(['top', id])).match(/ sleep 4321$/gm)?.length === 2);
  await ok(['kill', id]);
  await ok(['wait', id]);
  assert.equal(await guest('ps | grep "sleep 432[1]" || echo none'), 'none');
});
