import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { hostPlatform } from '../../../../app/base/platform.ts';
import { endProcess, goneWithin, startProcess } from '../../../../app/base/process.ts';
import { livePid, startTimeOf, writePidFile } from '../../../../app/base/process-identity.ts';

const { os } = hostPlatform();
const folder = await mkdtemp(join(tmpdir(), 'berth-process-'));
const pidFile = join(folder, 'pid');
test.after(() => rm(folder, { recursive: true }));

async function node(script: string) {
  const child = await startProcess(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  assert.ok(child.stdout);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { ...child, line: line.toString() };
}

test('a running process is found again by its pid file, an ended one is not', async () => {
  const child = await node('console.log("up"); setInterval(() => {}, 1000)');
  await writePidFile(pidFile, child.pid, os);
  assert.equal(await livePid(pidFile, os), child.pid);
  await endProcess(child.pid, os, 5000);
  assert.deepEqual(await child.exited, { code: null, signal: 'SIGTERM' });
  assert.equal(await livePid(pidFile, os), undefined);
  await assert.rejects(readFile(pidFile), { code: 'ENOENT' });
});

test('a number that now means another process counts as stale', async () => {
  await writePidFile(pidFile, process.pid, os);
  const known = JSON.parse(await readFile(pidFile, 'utf8')) as { pid: number; started: string };
  await writeFile(pidFile, JSON.stringify({ ...known, started: `${known.started}1` }));
  assert.equal(await livePid(pidFile, os), undefined);
});

for (const damaged of ['', 'null', '12', '{"pid":"1","started":"x"}', `{"pid":${process.pid}}`])
  test(`the pid file ${JSON.stringify(damaged)} counts as stale`, async () => {
    await writeFile(pidFile, damaged);
    assert.equal(await livePid(pidFile, os), undefined);
  });

test('a process that ignores the request to end is killed, its children too', async () => {
  const inner = "process.on('SIGTERM', () => {}); console.log('child'); setInterval(() => {}, 1000)";
  const child = await node(`
    process.on('SIGTERM', () => {});
    const inner = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}]);
    inner.stdout.once('data', () => console.log(inner.pid));
    setInterval(() => {}, 1000);`);
  await endProcess(child.pid, os, 50);
  assert.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' });
  assert.equal(await goneWithin(Number(child.line), os, 5000), true);
});

test('ending a process that is gone is harmless', async () => {
  const child = await startProcess(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await child.exited;
  await endProcess(child.pid, os, 50);
  assert.equal(await startTimeOf(child.pid, os), undefined);
});

test('waiting for a process that goes on ends with the limit', async () => {
  assert.equal(await goneWithin(process.pid, os, 20), false);
});

test('a program that is not there, or not executable, is told apart', async () => {
  await assert.rejects(startProcess(join(folder, 'none'), [], { stdio: 'ignore' }), { code: 'no-such-path' });
  await assert.rejects(startProcess(pidFile.replace('pid', ''), [], { stdio: 'ignore' }), {
    code: 'permission-denied',
  });
});
