import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import test from 'node:test';
import { delay, pollUntil, withDeadline } from '../../../../app/base/deadline.ts';

const forever = () => new Promise<never>(() => undefined);

test('a step that is over in time gives its value, and leaves no listener on the outer signal', async () => {
  const outer = new AbortController();
  assert.equal(await withDeadline('A step', 1000, () => Promise.resolve(7), outer.signal), 7);
  assert.deepEqual(getEventListeners(outer.signal, 'abort'), []);
});

test('what a finished step left running is told to end', async () => {
  let left: AbortSignal | undefined;
  const step = (signal: AbortSignal) => {
    left = signal;
    return Promise.resolve();
  };
  await withDeadline('A step', 1000, step);
  assert.equal(left?.aborted, true);
});

test('a step that is late fails by name, and is told so', async () => {
  let told: unknown;
  const step = async (signal: AbortSignal) => {
    await once(signal, 'abort');
    told = signal.reason;
  };
  await assert.rejects(withDeadline('Mounting', 5, step), {
    code: 'timeout',
    message: 'Mounting did not finish within 0.005 s.',
  });
  assert.ok(told instanceof Error);
});

test('the reason of the caller who gives up wins over what the step then throws', async () => {
  const outer = new AbortController();
  const reason = new Error('changed my mind');
  const running = withDeadline('A step', 1000, (signal) => delay(10_000, signal), outer.signal);
  outer.abort(reason);
  await assert.rejects(running, reason);
  await assert.rejects(withDeadline('A step', 1000, forever, outer.signal), reason);
});

test('an error of the step itself passes through', async () => {
  const failure = new Error('own');
  await assert.rejects(
    withDeadline('A step', 1000, () => Promise.reject(failure)),
    failure,
  );
});

test('polling goes on until there is a value', async () => {
  let tries = 0;
  const attempt = () => Promise.resolve(++tries === 3 ? 'there' : undefined);
  assert.equal(await pollUntil(attempt, 1, new AbortController().signal), 'there');
  assert.equal(tries, 3);
});

test('polling ends with the reason of the signal', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const polling = pollUntil(() => Promise.resolve(undefined), 60_000, stop.signal);
  stop.abort(reason);
  await assert.rejects(polling, reason);
});
