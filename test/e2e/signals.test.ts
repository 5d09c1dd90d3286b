import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { berth, berthScript, guest, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

/** The command with input that never ends; resolves with its exit code. */
function start(t: TestContext, args: readonly string[]) {
  const child = spawn(berthScript, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  const block = Buffer.alloc(2 ** 16, 'y\n');
  const more = (): void => {
    while (child.stdin.writable) if (!child.stdin.write(block)) return void child.stdin.once('drain', more);
  };
  return { child, flood: more, closed: once(child, 'close') as Promise<[number | null]> };
}

const running = async (word: string): Promise<boolean> => (await guest('ps')).includes(`sleep ${word}\n`);

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${signal} ends "berth ssh" and what it runs in the guest, whatever becomes of its input`, async (t) => {
    const { child, flood, closed } = start(t, ['ssh', '--', 'sh', '-c', 'sleep 76543; true']);
    await until('the command to run', () => running('76543'));
    if (signal === 'SIGTERM') flood();
    else child.stdin.end();
    child.kill(signal);
    assert.deepEqual(await closed, [code, null]);
    await until('it to be gone', async () => !(await running('76543')));
  });

test('what "berth ssh" runs ends with it', async (t) => {
  const { child } = start(t, ['ssh', '--', 'sh', '-c', 'sleep 76545; true']);
  await until('the command to run', () => running('76545'));
  child.kill('SIGKILL');
  await until('it to be gone', async () => !(await running('76545')));
});

test('a signal reaches a container whose input is blocked', async (t) => {
  const argv = ['busybox', 'sh', '-c', 'trap "exit 9" TERM; while :; do sleep 0.05; done'];
  t.after(() => berth(['rm', '-f', 'flooded']));
  const { child, flood, closed } = start(t, ['run', '-i', '--name', 'flooded', ...argv]);
  flood();
  const caught = async () =>
    /[4-7c-f][0-9a-f]{3}$/.test(await ok(['exec', 'flooded', 'grep', 'SigCgt', '/proc/1/status']));
  await until('it to run', async () => (await berth(['exec', 'flooded', 'true'])).code === 0);
  await until('its trap to be set', caught);
  await until('its input to be full', () => child.stdin.writableNeedDrain);
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [9, null]);
});
