/** Machines in a state folder of their own: what lies about from before, several at once, interrupted starts and runs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { protocolVersion } from '../../guest-agent/protocol/version.ts';
import { folderUse } from '../../app/base/disk-use.ts';
import { berthScript } from '../support/berth.ts';
import { resourcesWithOtherAgent } from '../support/other-agent.ts';
import { ownHome } from '../support/own-home.ts';
import { makeTar } from '../support/tar.ts';
import { until } from '../support/until.ts';

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), 'berth-machines-'));
test.after(() => rm(scratch, { recursive: true, force: true }));
const home = await ownHome({ after: (fn) => test.after(fn) });

interface Status {
  readonly status: string;
  readonly pid: number;
}

const status = async (machine = 'default') =>
  JSON.parse((await home.berth(['--machine', machine, 'status', '--format', 'json'])).stdout) as Status;

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

/** A unix socket whose server was killed. */
async function deadSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)})`;
  const server = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  await until('the socket is there', () => existsSync(path));
  server.kill('SIGKILL');
  await once(server, 'exit');
}

/** A lock folder that nobody keeps fresh. */
async function oldLock(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await utimes(path, 1, 1);
}

test('what a crash left lying about is harmless; two starts at once are one', async (t) => {
  const bystander = spawn('sleep', ['1000'], { stdio: 'ignore' });
  t.after(() => bystander.kill('SIGKILL'));
  const run = join(home.path, 'run');
  await mkdir(join(run, 'default'), { recursive: true, mode: 0o700 });
  await deadSocket(join(run, 'control.sock'));
  await home.ok(['machine', 'set', '--memory', '768m', '--disk', '512m']);
  await writeFile(join(run, 'default/qemu.pid'), JSON.stringify({ pid: bystander.pid, started: 'in another boot' }));
  await writeFile(join(run, 'default/qmp.sock'), 'no socket');
  await writeFile(join(run, 'default/initrd.cpio'), 'no archive');
  await oldLock(join(home.path, 'run.lock'));
  await oldLock(join(home.path, 'data/machines/default.lock'));
  await Promise.all([home.ok(['start', '-q']), home.ok(['start', '-q'])]);
  assert.equal((await status()).status, 'running');
  assert.equal(bystander.exitCode, null);
  assert.equal(await home.ok(['run', '--rm', 'busybox', 'echo', 'fine']), 'fine');
});

const two = (...args: string[]) => home.ok(['--machine', 'two', ...args]);

test('two machines run at once with containers of their own', async () => {
  await two('machine', 'set', '--memory', '512m', '--disk', '512m');
  await two('start', '-q');
  await home.ok(['run', '-d', '--name', 'web', 'busybox', 'sleep', '1000']);
  await two('run', '-d', '--name', 'web', 'busybox', 'sleep', '2000');
  assert.match(await home.ok(['ps', '--no-trunc']), /sleep 1000/);
  assert.match(await two('ps', '--no-trunc'), /sleep 2000/);
  const list = await home.ok(['machine', 'ls', '--format', '{{.Name}} {{.Status}} {{.Memory}}']);
  assert.deepEqual(list.split('\n'), ['default running 768MiB', 'two running 512MiB']);
});

test('a prune gives back blocks of all machines that run; its figure is what this host’s disk got back', async (t) => {
  const file = join(scratch, 'spare.tar');
  await writeFile(file, makeTar([{ path: 'data', data: randomBytes(16 * MIB) }]));
  await home.ok(['import', '-c', 'LABEL spare=yes', file, 'example/spare:1']);
  for (const machine of ['default', 'two']) {
    await home.ok(['--machine', machine, 'create', '--name', 'spare', 'example/spare:1', '/data']);
    await home.ok(['--machine', machine, 'rm', 'spare']);
    await home.ok(['--machine', machine, 'ssh', '--', 'sync']);
  }
  const folders = ['content', 'machines/default', 'machines/two'];
  const measure = () => Promise.all(folders.map((folder) => folderUse(join(home.path, 'data', folder))));
  const before = await measure();
  const said = await home.ok(['image', 'prune', '-a', '-f', '--filter', 'label=spare']);
  const after = await measure();
  const [content = 0, ...machines] = before.map((bytes, index) => bytes - (after[index] ?? 0));
  // As it was sent and as a file system, here; a copy in each guest.
  assert.ok(content > 30 * MIB && machines.every((bytes) => bytes > 14 * MIB), `${content}, ${machines.join()}`);
  const told = Number(/Total reclaimed space: ([0-9.]+)MB/.exec(said)?.[1]) * 1e6;
  const sum = machines.reduce((total, bytes) => total + bytes, content);
  t.diagnostic(`told ${told}, measured ${sum}: ${content} of the store, ${machines.join(' and ')} of the machines`);
  assert.ok(Math.abs(told - sum) < 2 * MIB, `${said}\nmeasured: ${sum}`);
});

test('a machine is removed and nothing of it is left, while the other runs on', async () => {
  const { pid } = await status('two');
  await home.ok(['machine', 'rm', '--force', 'two']);
  assert.ok(isGone(pid));
  assert.equal(await home.ok(['machine', 'ls', '-q']), 'default');
  const left = await readdir(home.path, { recursive: true });
  assert.deepEqual(
    left.filter((path) => /(^|\/)two(\/|\.|$)/.test(path)),
    [],
  );
  assert.match(await home.ok(['ps']), /web/);
  await home.ok(['rm', '-f', 'web']);
  await home.refused(['machine', 'rm', '--force', 'two'], 1, /no machine named "two".*berth machine ls/);
});

test('a stop while it starts ends the start, and leaves a machine that starts again or goes', async () => {
  await home.ok(['--machine', 'three', 'machine', 'set', '--memory', '512m', '--disk', '512m']);
  const starting = home.berth(['--machine', 'three', 'start', '-q']);
  await until('it starts', async () => (await status('three')).status === 'starting');
  await home.ok(['--machine', 'three', 'stop']);
  const { code, stderr } = await starting;
  assert.match(stderr, /^berth: The start was ended by a stop/);
  assert.equal(code, 130);
  assert.equal((await status('three')).status, 'stopped');
  await home.ok(['machine', 'rm', '--force', 'three']);
});

test('a guest that dies while it boots is started once more, and that is told', async () => {
  const four = (...args: string[]) => home.ok(['--machine', 'four', ...args]);
  await four('machine', 'set', '--memory', '512m', '--disk', '512m');
  const starting = home.berth(['--machine', 'four', 'start']);
  const told = async () => (await home.berth(['--machine', 'four', 'status'])).stdout;
  await until('its agent is awaited', async () => /waiting for the guest agent/.test(await told()));
  const qemu = JSON.parse(await readFile(join(home.path, 'run/four/qemu.pid'), 'utf8')) as { pid: number };
  process.kill(qemu.pid, 'SIGKILL');
  const { code, stderr } = await starting;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /ended before its agent answered.*Starting it once more/);
  assert.match(await told(), /ended before its agent answered.*The second start went well/);
  await four('machine', 'rm', '--force', 'four');
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} to a run whose process does not run yet leaves nothing`, async () => {
    const before = await home.ok(['ps', '-aq']);
    const idFile = join(scratch, signal);
    const args = ['run', '--rm', '--init', '--cidfile', idFile, 'busybox', 'sleep', '1000'];
    const env = { ...process.env, BERTH_HOME: home.path };
    const child = spawn(berthScript, args, { env, stdio: 'ignore' });
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    await until('the container is made', () => existsSync(idFile));
    child.kill(signal);
    const [code] = await exited;
    // When it ran after all, the signal was its process's.
    assert.ok(code === 130 || code === 143, String(code));
    await until('nothing is left', async () => (await home.ok(['ps', '-aq'])) === before);
  });

test('restart takes the machine down and up; containers are kept, stopped', async () => {
  await home.ok(['run', '-d', '--name', 'kept', 'busybox', 'sh', '-c', 'trap "exit 5" TERM; sleep 1000 & wait']);
  const before = await status();
  await home.ok(['restart', '-q']);
  assert.ok(isGone(before.pid));
  assert.equal((await status()).status, 'running');
  assert.equal(await home.ok(['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'kept']), 'exited 5');
  await home.ok(['rm', 'kept']);
});

test('an agent of another version is refused in words, and nothing runs then', async (t) => {
  await home.ok(['stop', '--service']);
  const resources = await resourcesWithOtherAgent(join(scratch, 'resources'));
  const other = await ownHome(t, { BERTH_RESOURCES: resources });
  await other.ok(['machine', 'set', '--memory', '512m', '--disk', '512m']);
  await other.refused(
    ['run', '-q', '--rm', 'busybox', 'true'],
    125,
    new RegExp(`guest agent speaks protocol ${protocolVersion + 1}, the host ${protocolVersion} .*install Berth again`),
  );
  assert.equal((await other.berth(['status'])).code, 3);
  assert.equal(existsSync(join(other.path, 'run/default/qemu.pid')), false);
});
