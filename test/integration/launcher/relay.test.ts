import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { hostFacts } from '../../../app/base/platform.ts';
import { relayUnix } from '../../../guest-agent/effects/linux/relay-unix.ts';
import { buildLauncher, launcherPath } from '../../../scripts/build/launcher.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const skip = hostFacts().os === 'linux' ? false : 'the launcher is a program of Linux';

/** Processes that have the word on their command lines. */
function processesOf(word: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const path = `/proc/${name}/cmdline`;
    return /^\d+$/.test(name) && existsSync(path) && readFileSync(path, 'utf8').includes(word) ? [Number(name)] : [];
  });
}

async function echo(path: string, prefix: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void text(socket).then((said) => socket.end(prefix + said));
  });
  await once(server.listen(path), 'listening');
  return server;
}

test('a relay outlives who is behind it: the same socket leads to the next one', { skip }, async (t) => {
  await buildLauncher(arch);
  const folder = await temporaryFolder(t);
  const [from, to] = [join(folder, 'front'), join(folder, 'behind')];
  t.after(() => processesOf(from).map((pid) => process.kill(pid, 'SIGKILL')));
  const ask = (said: string) => text(connect({ path: from, allowHalfOpen: true }).end(said));

  const first = await echo(to, 'first: ');
  await relayUnix(launcherPath(arch), from, to);
  assert.equal(statSync(from).mode & 0o777, 0o660);
  const { ino } = statSync(from);
  const long = 'x'.repeat(1_000_000);
  assert.deepEqual(await Promise.all([ask('a'), ask(''), ask(long)]), ['first: a', 'first: ', `first: ${long}`]);

  await new Promise((resolve) => first.close(resolve));
  assert.equal(await ask('b').catch(() => ''), '', 'nobody is behind it');
  const second = await echo(to, 'second: ');
  t.after(() => void second.close());
  await relayUnix(launcherPath(arch), from, to);
  assert.equal(statSync(from).ino, ino);
  assert.equal(await ask('c'), 'second: c');
  await until('no process for each connection stays', () => processesOf(from).length === 1);
  await assert.rejects(relayUnix(launcherPath(arch), join(folder, 'none/front'), to), { code: 'operation-failed' });
});

test('a relay that cannot stay leaves no socket that nobody serves', { skip }, async (t) => {
  await buildLauncher(arch);
  const folder = await temporaryFolder(t);
  const [from, program] = [join(folder, 'front'), join(folder, 'berth-launcher')];
  copyFileSync(launcherPath(arch), program);
  chmodSync(folder, 0o777);
  // Root has as many processes as it likes.
  const user = process.getuid?.() === 0 ? { uid: 54_321, gid: 54_321 } : {};
  const words = ['--nproc=1', program, 'unix-relay', from, join(folder, 'behind')];
  const { status, stderr } = spawnSync('prlimit', words, { ...user, encoding: 'utf8' });
  assert.match(stderr, /front: Resource temporarily unavailable/);
  assert.deepEqual([status, existsSync(from)], [1, false]);
});
