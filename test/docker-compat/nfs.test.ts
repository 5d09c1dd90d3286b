/** Volumes that an NFS server has, by the local driver's options; the server is a container of ours. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { berth, inspect, ok } from '../support/berth.ts';
import { dockerIsHere, shell } from '../support/docker-command.ts';
import { buildSet } from '../support/images/build.ts';
import { nfsImages } from '../support/images/nfs-image.ts';
import { until } from '../support/until.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';
/** 2049, as proc_pid_net(5) writes the port of a socket that listens. */
const listening = /:0801 \S+:0000 0A/;
let address = '';

const volume = (name: string, options: string) =>
  shell(`docker volume create -o type=nfs -o device=:/share -o o=${options} ${name}`);
const run = (flags: string, line: string) => shell(`docker run --rm ${flags} busybox sh -c '${line}'`);

before(async () => {
  if (skip) return;
  const { nfs } = await buildSet('nfs', nfsImages);
  await ok(['image', 'import', nfs.layout, 'nfs/server']);
  await ok(['run', '-d', '--name', 'nfs-server', 'nfs/server']);
  const sockets = ['exec', 'nfs-server', 'cat', '/proc/net/tcp', '/proc/net/tcp6'];
  await until('the server listens', async () => listening.test(await ok(sockets)), 60_000);
  address = await inspect('nfs-server', '{{.NetworkSettings.IPAddress}}');
});

after(async () => {
  if (skip) return;
  await shell('docker volume rm shared read absent odd');
  await berth(['rm', '-f', '-v', 'nfs-server']);
  await berth(['image', 'rm', '-f', 'nfs/server']);
});

test('what one container writes another reads; owners are the server’s', { skip }, async () => {
  await volume('shared', `addr=${address},vers=4.2,rw`);
  const wrote = await run('--userns host -v shared:/data', 'echo kept >/data/file');
  assert.equal(wrote.code, 0, wrote.stderr);
  assert.equal((await run('-v shared:/data', 'cat /data/file')).stdout, 'kept\n');
  assert.equal((await run('--userns host -v shared:/data', 'stat -c %u /data/file')).stdout, '0\n');
  assert.equal((await run('-v shared:/data', 'stat -c %u /data/file')).stdout, '65534\n');
  const twice = await run('-v shared:/a -v shared:/b:ro', 'cat /a/file /b/file');
  assert.equal(twice.stdout, 'kept\nkept\n', twice.stderr);
});

test('read-only, as its options say', { skip }, async () => {
  await volume('read', `addr=${address},vers=4.2,ro`);
  const { stdout, stderr } = await run('--userns host -v read:/data', 'cat /data/file; echo more >/data/file');
  assert.equal(stdout, 'kept\n');
  assert.match(stderr, /Read-only file system/);
});

test('a server that is not found, and a file system that the kernel has not', { skip }, async () => {
  await volume('absent', 'addr=nowhere.invalid,vers=4.2');
  assert.match((await run('-v absent:/data', 'true')).stderr, /server nowhere\.invalid was not found/);
  await shell('docker volume create -o type=odd -o device=:/share odd');
  assert.match((await run('-v odd:/data', 'true')).stderr, /kernel has no file system odd/);
});
