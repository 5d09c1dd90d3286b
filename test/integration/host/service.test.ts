/** The host service as a process of its own, started as every front door starts it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostPlatform, stateDirs } from '../../../app/base/platform.ts';
import { connectControl, type ControlClient } from '../../../app/control/client.ts';
import { connectOrSpawn } from '../../../app/control/spawn.ts';
import { goneWithin } from '../../../app/base/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const main = fileURLToPath(new URL('../../../app/host/main.ts', import.meta.url));

async function place(t: TestContext) {
  const home = await temporaryFolder(t);
  const env = { ...process.env, BERTH_HOME: home };
  const dirs = stateDirs(hostPlatform(), env, home);
  const options = (command: [string, ...string[]]) => ({
    ...{ socketPath: dirs.controlSocket, machine: 'default', clientVersion: '1', command, env },
    logFile: join(dirs.state, 'host.log'),
  });
  t.after(async () => {
    const left = await connectControl(options([process.execPath])).catch(() => undefined);
    await left?.shutdownService();
  });
  return { home, env, dirs, options };
}

const pidOf = async ({ hello }: ControlClient): Promise<number> => (await hello).pid;

test('many front doors at once get one service, which outlives them and ends when told', async (t) => {
  const { dirs, options } = await place(t);
  const clients = await Promise.all([1, 2, 3, 4, 5].map(() => connectOrSpawn(options([process.execPath, main]))));
  const pids = new Set(await Promise.all(clients.map(pidOf)));
  assert.equal(pids.size, 1);
  for (const client of clients) client.close();
  const again = await connectOrSpawn(options(['/bin/false']));
  const pid = await pidOf(again);
  assert.ok(pids.has(pid));
  assert.equal((await stat(dirs.controlSocket)).mode & 0o777, 0o600);
  await again.shutdownService();
  assert.equal(await goneWithin(pid, hostPlatform().os, 10_000), true);
  assert.match(await readFile(join(dirs.state, 'host.log'), 'utf8'), /has ended/);
});

test('SIGTERM ends it in order; a killed one’s socket does not stop the next', async (t) => {
  const { options } = await place(t);
  const start = () => connectOrSpawn(options([process.execPath, main]));
  const first = await pidOf(await start());
  process.kill(first, 'SIGKILL');
  await goneWithin(first, hostPlatform().os, 10_000);
  const second = await pidOf(await start());
  assert.notEqual(second, first);
  process.kill(second, 'SIGTERM');
  assert.equal(await goneWithin(second, hostPlatform().os, 10_000), true);
});

test('in the foreground it says where it listens, and nothing else', async (t) => {
  const { env, dirs } = await place(t);
  const child = spawn(process.execPath, [main, '--foreground'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  assert.match(line.toString(), new RegExp(`process ${child.pid ?? 0}.*${dirs.controlSocket}\\n$`));
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
});

test('a service that dies at once is told with its words and its log', async (t) => {
  const { home, options } = await place(t);
  const broken = join(home, 'broken.mjs');
  await writeFile(broken, "console.error('no such thing'); process.exit(3)");
  const dies = options([process.execPath, broken]);
  await assert.rejects(connectOrSpawn(dies), {
    code: 'unreachable',
    message: /code 3.*no such thing/s,
    hint: /no log/,
  });
  const log = join(home, 'some.log');
  await writeFile(log, 'the last line\n');
  await assert.rejects(connectOrSpawn({ ...dies, logFile: log }), { hint: /the last line/ });
  await assert.rejects(connectOrSpawn(options([join(home, 'missing')])), { code: 'unreachable', message: /ENOENT/ });
});

test('a service that says nothing is ended and told', async (t) => {
  const { options } = await place(t);
  const silent = options([process.execPath, '-e', 'setInterval(() => {}, 1000)']);
  await assert.rejects(connectOrSpawn({ ...silent, limit: 300 }), { code: 'unreachable', message: /did not answer/ });
});

test('why it cannot listen is told with its code', async (t) => {
  const { home, options } = await place(t);
  await writeFile(join(home, 'data'), 'in the way');
  await assert.rejects(connectOrSpawn(options([process.execPath, main])), { message: /did not start/ });
});
