import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, guest, ok, refused } from '../support/berth.ts';
import { makeOciLayout } from '../support/oci-layout.ts';

const home = process.env.BERTH_HOME ?? '';
const folder = await mkdtemp(join(tmpdir(), 'berth-bad-'));
test.after(() => rm(folder, { recursive: true, force: true }));

// A layer that the guest has got is no trace.
await ok(['run', '--rm', 'busybox', 'true']);

/** What a refused command could leave behind. */
async function traces(): Promise<string> {
  const inGuest =
    'ls /var/lib/berth/containers /var/lib/berth/volumes /var/lib/berth/layers; find /sys/fs/cgroup -mindepth 1 -type d';
  return [await ok(['ps', '-aq']), await ok(['volume', 'ls', '-q']), await guest(inGuest)].join('\n--\n');
}

test('each bad input is one line with cause and next step, a documented exit code, nothing left behind', async () => {
  const before = await traces();
  const run = (...args: string[]) => ['run', '--rm', ...args];
  const busybox = ['busybox', 'true'];
  await refused(run('--pull', 'never', 'no-such-image', 'true'), 125, /no-such-image.* — \S/);
  await refused(run('UPPER/Case', 'true'), 125, /UPPER/);
  await refused(run('--no-such-flag', ...busybox), 125, /--no-such-flag/);
  await refused(run('--memory', 'lots', ...busybox), 125, /lots/);
  await refused(run('--name', 'bad name!', ...busybox), 125, /bad name!/);
  await refused(run('-p', '99999:80', ...busybox), 125, /99999/);
  await refused(run('-p', '203.0.113.9:80:80', ...busybox), 125, /203\.0\.113\.9 is not an address of this host/);
  await refused(run('--user', '99999999999', ...busybox), 125, /99999999999/);
  await refused(run('--platform', 'linux/s390x', ...busybox), 125, /s390x/);
  await refused(run('--platform', 'plan9', ...busybox), 125, /plan9/);
  await refused(run('-w', 'relative', ...busybox), 125, /relative/);
  await refused(run('-v', '../up:/data', ...busybox), 125, /up/);
  await refused(run('-v', 'named/../../etc:/data', ...busybox), 125, /named|etc/);
  await refused(run('-v', 'data:relative', ...busybox), 125, /relative/);
  await refused(run('--mount', 'type=volume,source=a/../b,target=/x', ...busybox), 125, /a\/\.\.\/b/);
  await refused(run('--mount', 'type=nothing,target=/x', ...busybox), 125, /nothing/);
  await refused(run('--network', 'nowhere', ...busybox), 125, /nowhere/);
  await refused(run('--user', 'nobody-here', ...busybox), 125, /nobody-here/);
  await refused(run('--cap-add', 'EVERYTHING', ...busybox), 125, /EVERYTHING/);
  await refused(run('--security-opt', 'seccomp=/no/such/file', ...busybox), 125, /no such file/);
  await refused(run('--sysctl', 'kernel.hostname=x', ...busybox), 125, /kernel\.hostname/);
  await refused(run('--device', '/dev/no-such', ...busybox), 125, /no-such/);
  await refused(run('--stop-signal', 'SIGNOTHING', ...busybox), 125, /SIGNOTHING/);
  await refused(run('busybox', 'no-such-command'), 127, /no-such-command/);
  await refused(run('busybox', '/etc'), 126, /\/etc/);
  for (const verb of ['stop', 'logs', 'start', 'rm', 'inspect', 'kill', 'pause', 'wait', 'top', 'port'])
    await refused([verb, 'absent'], 1, /absent/);
  await refused(['exec', 'absent', 'true'], 1, /absent/);
  await refused(['volume', 'rm', 'absent'], 1, /absent/);
  await refused(['image', 'import', '/no/such/folder'], 1, /no\/such\/folder/);
  await refused(['no-such-verb'], 1, /no-such-verb/);
  assert.equal(await traces(), before);
  assert.equal(await ok(['run', '--rm', 'busybox', 'echo', 'usable']), 'usable');
});

test('a port that is taken is told before anything is made', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  t.after(() => busy.close());
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  const before = await traces();
  const mounted = ['-v', 'never-made:/data', '-p', `${port}:80`, 'busybox', 'true'];
  await refused(['run', '--name', 'never-made', ...mounted], 125, new RegExp(`${port} is in use by `));
  assert.equal(await traces(), before);
});

test('a machine that asks for more memory than the host has, or a name that cannot be one, is refused', async () => {
  await refused(['--machine', 'big', 'machine', 'set', '--memory', '9000g'], 1, /memory/i);
  await refused(['--machine', '../evil', 'ps'], 1, /machine/i);
  assert.doesNotMatch((await berth(['machine', 'ls'])).stdout, /evil/);
  await berth(['machine', 'rm', '--force', 'big']);
});

test('an image of the wrong architecture is refused by name; one that says so falsely cannot be executed', async (t) => {
  const before = await traces();
  const file = { path: 'bin/true', mode: 0o755, data: Buffer.from('\x7fELF of another world') };
  const other = process.arch === 'arm64' ? 'amd64' : 'arm64';
  makeOciLayout(join(folder, 'other'), [[file]], {}, { architecture: other, reference: 'example/other:1' });
  await ok(['image', 'import', join(folder, 'other')]);
  const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const wrong = new RegExp(`example/other:1 is for linux/${other}.*linux/${own}.* — \\S`);
  await refused(['run', '--rm', 'example/other:1', 'true'], 125, wrong);
  await refused(['create', 'example/other:1', 'true'], 125, wrong);
  const forced = ['run', '--rm', '--platform', `linux/${other}`, 'example/other:1', 'true'];
  await refused(forced, 125, new RegExp(`for linux/${other}; this machine runs linux/${own}`));
  assert.equal(await traces(), before);
  makeOciLayout(join(folder, 'false'), [[file]], {}, { architecture: own, reference: 'example/false:1' });
  await ok(['image', 'import', join(folder, 'false')]);
  await refused(['run', '--rm', 'example/false:1', '/bin/true'], 126, /bin\/true cannot be executed.*architecture/);
  t.diagnostic(`own architecture: ${own}`);
});

test('damaged content of an image is named by its digest, and replaced by getting the image again', async () => {
  const layout = join(folder, 'damaged');
  const data = Buffer.from('#!/bin/sh\n'.repeat(5000));
  const made = makeOciLayout(layout, [[{ path: 'bin/x', mode: 0o755, data }]], {}, { reference: 'example/damaged:1' });
  await ok(['image', 'import', layout]);
  const digest = made.layers[0]?.digest ?? '';
  const blob = join(home, 'data/content/blobs', digest.replace(':', '/'));
  const built = await readdir(join(home, 'data/content/erofs'));
  await writeFile(blob, Buffer.alloc((await stat(blob)).size, 7));
  const run = ['run', '--rm', 'example/damaged:1', '/bin/x'];
  await refused(run, 125, new RegExp(`content ${digest} is damaged.* — Get the image again`));
  assert.deepEqual(await readdir(join(home, 'data/content/erofs')), built);
  await rm(blob);
  await refused(run, 125, new RegExp(`${digest} is damaged: it is missing`));
  await writeFile(join(home, 'data/content/blobs', made.configDigest.replace(':', '/')), '{}');
  await refused(run, 125, new RegExp(`${made.configDigest} is damaged`));
  assert.match(await ok(['images']), /example\/damaged/);
  await ok(['image', 'import', layout]);
  // No interpreter in this image: what was damaged has reached exec.
  await refused(run, 127, /bin\/x/);
  await rm(blob);
  await writeFile(join(layout, 'blobs', digest.replace(':', '/')), 'not what it was');
  await refused(['image', 'import', layout, 'example/damaged:2'], 1, new RegExp(digest));
  await ok(['image', 'rm', 'example/damaged:1']);
  assert.match(await ok(['system', 'check']), /all is well/);
});
