import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, berthScript, detached, guest, inspect, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

const agentPid = (): Promise<string> => guest("ps | awk '/[a]gent.mjs/ {print $1}' | head -1");
const killAgent = async (): Promise<void> => {
  const before = await agentPid();
  await guest(`kill -9 ${before}`);
  await until('the agent is back', async () => {
    const now = await agentPid();
    return now !== '' && now !== before && (await berth(['ps'])).code === 0;
  });
};

test('killing the agent leaves containers running, with state, logs without a gap, and exit codes', async (t) => {
  const ticking = await detached(t, [], ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done']);
  const ending = await detached(t, [], ['sh', '-c', 'trap "exit 23" TERM; echo ready; while :; do sleep 0.02; done']);
  const pid = await inspect(ticking, '{{.State.Pid}}');
  const old = await agentPid();
  const root = await inspect(ending, '{{.State.Pid}}');
  await until('the trap is set', async () => (await ok(['logs', ending])) === 'ready');
  await guest(`kill -9 ${old}; kill -TERM ${root}; while kill -0 ${root} 2>/dev/null; do :; done`);
  await until('the agent is back', async () => (await berth(['ps'])).code === 0);
  assert.equal(await inspect(ticking, '{{.State.Status}} {{.State.Pid}}'), `running ${pid}`);
  await until(
    'the exit code is told',
    async () => (await inspect(ending, '{{.State.Status}} {{.State.ExitCode}}')) === 'exited 23',
  );
  const lines = (await ok(['logs', ticking])).split('\n').map(Number);
  for (const [index, line] of lines.entries()) assert.equal(line, index);
  assert.equal((await berth(['exec', ticking, 'true'])).code, 0, 'exec works after recovery');
  await ok(['stop', '-t', '1', ticking]);
  assert.equal(await inspect(ticking, '{{.State.Status}}'), 'exited');
});

test('a follower of logs and a waiter survive or end with a clear error when the agent is killed', async (t) => {
  const id = await detached(t, [], ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done']);
  const waiting = berth(['wait', id]);
  const follower = spawn(berthScript, ['logs', '-f', id], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => Promise.resolve(follower.kill('SIGKILL')));
  const said = { stdout: '', stderr: '' };
  follower.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
  follower.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
  const followed = once(follower, 'close') as Promise<[number | null]>;
  await until('it follows', () => said.stdout.split('\n').length > 10);
  await killAgent();
  await ok(['kill', id]);
  const [left] = await followed;
  assert.ok(left === 0 || (left === 1 && /agent|connection/.test(said.stderr)), `${left} ${said.stderr}`);
  const lines = said.stdout.split('\n').slice(0, -1);
  assert.deepEqual(lines.map(Number), [...lines.keys()], 'what it has told is without a gap');
  if (left === 0) assert.equal(said.stdout.trimEnd(), await ok(['logs', id]), 'and whole');
  const { code, stdout, stderr } = await waiting;
  assert.ok(
    (code === 0 && stdout.trim() === '137') || (code !== 0 && /agent/.test(stderr)),
    `${code} ${stdout} ${stderr}`,
  );
});

/** Kills the agent, lets `script` happen before another is there, and waits for that one. */
async function meanwhile(script: string): Promise<void> {
  await guest(`kill -9 ${await agentPid()}; ${script}`);
  await until('the agent is back', async () => (await berth(['ps'])).code === 0);
}

const pidOf = (id: string): Promise<string> => inspect(id, '{{.State.Pid}}');
const gone = (pid: string): string => `while kill -0 ${pid} 2>/dev/null; do :; done`;

test('what ended while no agent was there: for want of memory, and with shared memory that others may join', async (t) => {
  const script = 'trap "tail /dev/zero; exit 137" USR1; echo ready; while :; do sleep 0.02; done';
  const eater = await detached(
    t,
    ['--memory', '32m', '--memory-swap', '32m', '--ipc', 'shareable'],
    ['sh', '-c', script],
  );
  const keeper = await detached(t, ['--ipc', 'shareable'], ['sleep', '1000']);
  const shms = (): Promise<string> => guest('grep -c " /run/berth/shm/" /proc/mounts; true');
  assert.equal(await shms(), '2');
  await until('the trap is set', async () => (await ok(['logs', eater])) === 'ready');
  const pid = await pidOf(eater);
  await meanwhile(`kill -USR1 ${pid}; ${gone(pid)}`);
  assert.equal(await inspect(eater, '{{.State.OOMKilled}} {{.State.ExitCode}}'), 'true 137');
  assert.equal(await shms(), '1');
  await ok(['kill', keeper]);
  await until('the other’s goes with it', async () => (await shms()) === '0');
});

test('what ended while no agent was there is started by its policy when the host’s folder is there again', async (t) => {
  const folder = await mkdtemp(join(process.env.BERTH_HOME ?? '', 'recovery-'));
  const flags = ['--restart', 'always', '-v', `${folder}:/shared`];
  const id = await detached(t, flags, ['sh', '-c', 'echo turn >> /shared/turns; sleep 1000']);
  const turns = (): Promise<string> => readFile(join(folder, 'turns'), 'utf8').catch(() => '');
  await until('it has run', async () => (await turns()) === 'turn\n');
  const pid = await pidOf(id);
  await meanwhile(`kill -9 ${pid}; ${gone(pid)}`);
  await until('it runs again', async () => (await turns()) === 'turn\nturn\n');
  assert.equal(await inspect(id, '{{.State.Status}} {{.RestartCount}}{{.State.Error}}'), 'running 1');
});

test('a container that is being committed goes on when the agent is killed', async (t) => {
  const id = await detached(
    t,
    [],
    ['sh', '-c', 'dd if=/dev/zero of=/big bs=1M count=300 2>/dev/null; touch /done; sleep 1000'],
  );
  await until('it has something to commit', async () => (await berth(['exec', id, 'ls', '/done'])).code === 0);
  const committing = berth(['commit', id, 'never:1']);
  await until('it stands still', async () => (await inspect(id, '{{.State.Status}}')) === 'paused');
  await killAgent();
  assert.notEqual((await committing).code, 0);
  assert.equal(await inspect(id, '{{.State.Status}}'), 'running');
  assert.equal(await ok(['exec', id, 'echo', 'well']), 'well');
});

test('after the VM is killed the store opens and containers are listed as exited', async (t) => {
  const id = await ok([
    'run',
    '-d',
    '--name',
    'survivor',
    '-v',
    'survives:/data',
    'busybox',
    'sh',
    '-c',
    'echo kept > /data/file; sync; echo ready; sleep 1000',
  ]);
  t.after(() => berth(['rm', '-f', '-v', id]));
  t.after(() => berth(['volume', 'rm', '-f', 'survives']));
  await until('data is written', async () => (await ok(['logs', id])) === 'ready');
  const state = JSON.parse(await ok(['status', '--format', 'json'])) as { pid: number };
  process.kill(state.pid, 'SIGKILL');
  await until('the crash is reported', async () => /failed|crash/.test((await berth(['status'])).stdout));
  await ok(['start'], { limitMs: 240_000 });
  assert.equal(await inspect('survivor', '{{.State.Status}}'), 'exited');
  assert.equal(await ok(['run', '--rm', '-v', 'survives:/data', 'busybox', 'cat', '/data/file']), 'kept');
  await ok(['start', 'survivor']);
  assert.equal(await inspect('survivor', '{{.State.Status}}'), 'running');
});

test('killing the host service: the next command starts it again and finds the machine in order', async () => {
  const status = JSON.parse(await ok(['status', '--format', 'json'])) as { servicePid: number };
  process.kill(status.servicePid, 'SIGKILL');
  await until('the service is gone', () => {
    try {
      process.kill(status.servicePid, 0);
      return false;
    } catch {
      return true;
    }
  });
  await ok(['start'], { limitMs: 240_000 });
  assert.equal(await ok(['run', '--rm', 'busybox', 'echo', 'again']), 'again');
});
