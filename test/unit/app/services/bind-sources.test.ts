import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { guestMounts } from '../../../../app/services/bind-sources.ts';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'berth-binds-')));
test.after(() => rm(folder, { recursive: true }));
for (const name of ['shared/my files', 'reading', 'lost/sub', 'outside'])
  await mkdir(join(folder, name), { recursive: true });
await writeFile(join(folder, 'shared/file'), '');
await symlink(join(folder, 'outside'), join(folder, 'shared/link-out'));
await symlink(join(folder, 'shared/my files'), join(folder, 'link-in'));

const context = {
  machine: 'default',
  hostOs: 'linux' as const,
  shares: [
    { tag: 'fs0', hostPath: join(folder, 'shared'), readOnly: false },
    { tag: 'fs1', hostPath: join(folder, 'reading'), readOnly: true },
  ],
  dockerSocket: join(folder, 'docker.sock'),
  unshared: [{ path: join(folder, 'lost'), reason: 'virtiofsd is too old. Install a newer one.' }],
};
const bind = (source: string, readOnly = false) =>
  guestMounts([{ type: 'bind', source, target: '/w', readOnly }], context);

for (const { source, subpath } of [
  { source: 'shared', subpath: '' },
  { source: 'shared/file', subpath: 'file' },
  { source: 'link-in', subpath: 'my files' },
])
  test(`${source} is found on its share`, async () => {
    const hostPath = join(folder, source);
    const mount = { type: 'share', share: 'fs0', subpath, hostPath, target: '/w', readOnly: false };
    assert.deepEqual(await bind(hostPath), [mount]);
  });

test('what else was asked of a mount stays with it', async () => {
  const how = { readOnly: true, askedAs: 'mount', bindOptions: { propagation: 'rslave' } } as const;
  const [mount] = await guestMounts([{ type: 'bind', source: join(folder, 'shared'), target: '/w', ...how }], context);
  assert.deepEqual(mount, {
    type: 'share',
    share: 'fs0',
    subpath: '',
    hostPath: join(folder, 'shared'),
    target: '/w',
    ...how,
  });
});

test('a missing folder is made where that was asked for, on a share that may be written to', async () => {
  const make = (source: string) =>
    guestMounts(
      [{ type: 'bind', source: join(folder, source), target: '/w', readOnly: true, createSource: true }],
      context,
    );
  const [made] = await make('link-in/new/deep');
  assert.deepEqual(made?.type === 'share' ? made.subpath : made, 'my files/new/deep');
  assert.ok((await stat(join(folder, 'shared/my files/new/deep'))).isDirectory());
  await assert.rejects(bind(join(folder, 'shared/none')), { code: 'no-such-path' });
  await assert.rejects(make('reading/none'), { code: 'no-such-path' });
  await assert.rejects(make('outside/none'), { code: 'not-shared' });
  await assert.rejects(stat(join(folder, 'outside/none')), { code: 'ENOENT' });
});

test('a folder that was to be shared and is not tells why', async () => {
  await assert.rejects(bind(join(folder, 'lost/sub')), {
    code: 'not-shared',
    message: /does not have .*lost\/sub: virtiofsd is too old\. Install a newer one\.$/,
    hint: /berth restart/,
  });
});

test('the command that shares one more folder keeps the others', async () => {
  const kept = `--share ${folder}/shared --share ${folder}/reading:ro --share ${folder}/lost`;
  const one = { code: 'not-shared', message: /is in no folder that the machine default shares/ };
  await assert.rejects(bind(join(folder, 'outside')), {
    ...one,
    hint: `Share it with "berth machine set ${kept} --share ${folder}/outside", then run "berth restart".`,
  });
  await mkdir(join(folder, "it's"));
  await assert.rejects(bind(join(folder, "it's")), { ...one, hint: /--share '\S+\/it'\\''s'"/ });
});

test('of a link it is told where it leads', async () => {
  const message = `${folder}/shared/link-out, which is ${folder}/outside, is in no folder`;
  await assert.rejects(bind(join(folder, 'shared/link-out')), (error: Error) => error.message.startsWith(message));
});

test('a share for reading is mounted for reading alone; what is not there is refused', async () => {
  const [mount] = await bind(join(folder, 'reading'), true);
  assert.deepEqual(mount?.type === 'share' && [mount.share, mount.readOnly], ['fs1', true]);
  await assert.rejects(bind(join(folder, 'reading')), { code: 'not-shared', message: /for reading alone/ });
  await assert.rejects(bind(join(folder, 'nothing')), { code: 'no-such-path' });
  await assert.rejects(bind('shared'), { code: 'invalid-argument' });
});

test('the Docker socket is the engine’s: by the usual paths, by its own, by a link to that', async () => {
  await writeFile(context.dockerSocket, '');
  await symlink(context.dockerSocket, join(folder, 'link-to-socket'));
  const own = [context.dockerSocket, join(folder, 'link-to-socket')];
  for (const hostPath of ['/var/run/docker.sock', '/run/docker.sock', '//var/run/docker.sock', ...own])
    assert.deepEqual(await bind(hostPath, true), [{ type: 'engine-socket', hostPath, target: '/w', readOnly: true }]);
  await assert.rejects(bind('/var/run/docker.sock.old'), { code: 'no-such-path' });
});
