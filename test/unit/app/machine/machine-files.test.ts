import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import ssh2 from 'ssh2';
import { allocatedBytes } from '../../../../app/base/disk-use.ts';
import { hostFacts } from '../../../../app/base/platform.ts';
import { hasEnded, livePid, writePidFile } from '../../../../app/base/process-identity.ts';
import { writeConfigInitrd } from '../../../../app/machine/config-initrd.ts';
import {
  dataDiskBytes,
  ensureDataDisk,
  isDataDiskUsed,
  markDataDiskUsed,
  verifySha256,
} from '../../../../app/machine/disk-images.ts';
import { machineKeys } from '../../../../app/machine/keys.ts';
import { lockMachine } from '../../../../app/machine/machine-lock.ts';
import { newcArchive } from '../../../../app/base/cpio.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-machine-'));
test.after(() => rm(folder, { recursive: true }));
const MIB = 2 ** 20;

test('the data disk is sparse, grows, and never shrinks', async () => {
  const disk = join(folder, 'data.raw');
  assert.equal(await ensureDataDisk(disk, 100 * MIB - 1), 100 * MIB);
  assert.ok((await allocatedBytes(disk)) < MIB);
  await writeFile(disk, 'kept', { flag: 'r+' });
  assert.equal(await ensureDataDisk(disk, 200 * MIB), 200 * MIB);
  assert.equal(await ensureDataDisk(disk, 50 * MIB), 200 * MIB);
  assert.equal((await stat(disk)).size, 200 * MIB);
  assert.equal((await readFile(disk)).subarray(0, 4).toString(), 'kept');
});

test('that a disk is used is remembered as long as the disk is there', async () => {
  const disk = join(folder, 'used.raw');
  assert.equal(await dataDiskBytes(disk), 0);
  await ensureDataDisk(disk, MIB);
  assert.equal(await dataDiskBytes(disk), MIB);
  assert.equal(await isDataDiskUsed(disk), false);
  await markDataDiskUsed(disk);
  await ensureDataDisk(disk, 2 * MIB);
  assert.equal(await isDataDiskUsed(disk), true);
  await rm(disk);
  await ensureDataDisk(disk, MIB);
  assert.equal(await isDataDiskUsed(disk), false);
});

test('a disk larger than the file system can hold is refused', async () => {
  await assert.rejects(ensureDataDisk(join(folder, 'huge.raw'), 2 ** 52), { code: 'disk-full' });
});

test('a file is compared with its digest', async () => {
  const path = join(folder, 'image');
  await writeFile(path, 'abc');
  await verifySha256(path, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  await assert.rejects(verifySha256(path, '0'.repeat(64)), { code: 'corrupt-content' });
});

test('keys are made once, for the user alone, in a form that OpenSSH reads', async () => {
  const machine = join(folder, 'keys-machine');
  const keys = await machineKeys(machine);
  const again = await machineKeys(machine);
  assert.equal(again.client.privateKey, keys.client.privateKey);
  assert.deepEqual(again.host.publicKey.split(' ').slice(0, 2), keys.host.publicKey.split(' ').slice(0, 2));
  assert.notEqual(keys.host.privateKey, keys.client.privateKey);
  const file = join(machine, 'keys/id_ed25519');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const known = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' });
  assert.deepEqual(known.trim().split(' ').slice(0, 2), keys.client.publicKey.split(' ').slice(0, 2));
});

test('a key that the library has spoiled is not taken', async (t) => {
  const real = ssh2.utils.generateKeyPairSync;
  let calls = 0;
  t.mock.method(ssh2.utils, 'generateKeyPairSync', (...args: Parameters<typeof real>) => {
    const made = real(...args);
    return calls++ % 2 === 0 ? { ...made, private: made.private.replace(/\n.{20}/, '\n') } : made;
  });
  const keys = await machineKeys(join(folder, 'spoiled-keys'));
  assert.equal(calls, 4);
  for (const { privateKey } of [keys.client, keys.host]) assert.ok(!(ssh2.utils.parseKey(privateKey) instanceof Error));
});

test('a damaged key is made anew', async () => {
  const machine = join(folder, 'damaged-keys');
  const before = await machineKeys(machine);
  await writeFile(join(machine, 'keys/id_ed25519'), 'nothing');
  const after = await machineKeys(machine);
  assert.notEqual(after.client.privateKey, before.client.privateKey);
  assert.equal(after.host.privateKey, before.host.privateKey);
});

test("the configuration is an archive of its own behind the image's", async () => {
  const base = join(folder, 'initrd');
  const image = Buffer.concat([
    newcArchive([{ path: 'init', mode: 0o100755, data: Buffer.from('#!') }]),
    Buffer.alloc(1),
  ]);
  await writeFile(base, image);
  const keys = await machineKeys(join(folder, 'initrd-machine'));
  const target = join(folder, 'out');
  await writeConfigInitrd(base, { hostname: 'berth', keys, agent: { machine: 'default' }, keepDataDisk: true }, target);
  assert.equal((await stat(target)).mode & 0o777, 0o600);
  const whole = await readFile(target);
  const start = Math.ceil(image.length / 4) * 4;
  assert.deepEqual(whole.subarray(0, image.length), image);
  const out = join(folder, 'unpacked');
  await mkdir(out);
  execFileSync('cpio', ['-i', '-d', '--quiet'], { cwd: out, input: whole.subarray(start) });
  const read = (name: string) => readFile(join(out, 'berth-config', name), 'utf8');
  assert.equal(await read('hostname'), 'berth\n');
  assert.equal(await read('authorized_keys'), `${keys.client.publicKey}\n`);
  assert.equal(await read('ssh_host_ed25519_key'), keys.host.privateKey);
  assert.deepEqual(JSON.parse(await read('agent.json')), { machine: 'default' });
  assert.equal((await stat(join(out, 'berth-config/ssh_host_ed25519_key'))).mode & 0o777, 0o600);
  assert.equal((await stat(join(out, 'berth-config'))).mode & 0o777, 0o700);
});

const unexpected = (cause: Error) => assert.fail(cause);

const { os: hostOs } = hostFacts();
const lockOptions = { hostOs, onLost: unexpected, staleAfter: 2000 };

test('a machine has one owner at a time', async () => {
  const machine = join(folder, 'lock');
  const held = await lockMachine(machine, lockOptions);
  await assert.rejects(lockMachine(machine, lockOptions), { code: 'in-use' });
  await held[Symbol.asyncDispose]();
  await (await lockMachine(machine, lockOptions))[Symbol.asyncDispose]();
});

test('the lock of a process that is gone is taken over', async () => {
  const machine = join(folder, 'stale');
  await mkdir(`${machine}.lock`, { recursive: true });
  await utimes(`${machine}.lock`, 0, 0);
  await (await lockMachine(machine, lockOptions))[Symbol.asyncDispose]();
});

test('the lock of a process that was killed is free at once; what another boot or host has noted says nothing', async () => {
  const machine = join(folder, 'killed');
  const holder = join(machine, 'holder.pid');
  await mkdir(machine);
  const ended = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await writePidFile(holder, ended.pid ?? 0, hostOs);
  ended.kill('SIGKILL');
  await once(ended, 'exit');
  const { started } = JSON.parse(await readFile(holder, 'utf8')) as { started: string };
  await mkdir(`${machine}.lock`);
  const held = await lockMachine(machine, { ...lockOptions, staleAfter: 600_000 });
  assert.equal(await livePid(holder, hostOs), process.pid);
  await held[Symbol.asyncDispose]();
  await writeFile(holder, JSON.stringify({ pid: ended.pid, started: started.replace(/^[^ ]+/, 'elsewhere') }));
  assert.equal(await hasEnded(holder, hostOs), false);
});
