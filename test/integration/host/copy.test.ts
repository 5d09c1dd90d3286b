/** Copies, changes, export and commit through all layers but the kernel's: command ⇄ host service ⇄ agent ⇄ archiver. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { copyIn } from '../../../app/cli/copy/copy-in.ts';
import { copyOut } from '../../../app/cli/copy/copy-out.ts';
import { openStore } from '../../../app/content/store.ts';
import { archiveBytes } from '../../../app/contract/index.ts';
import type { ControlClient } from '../../../app/control/client.ts';
import { imageSource } from '../../../app/services/images.ts';
import { hostOver } from '../../support/host-pair.ts';
import { InProcessAgent } from '../../support/in-process-agent.ts';
import { makeOciLayout } from '../../support/oci-layout.ts';
import { ArchivingKernel } from '../../support/played-archiver.ts';
import { runConfig } from '../../support/run-config.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

interface Stack {
  readonly client: ControlClient;
  readonly agent: InProcessAgent;
  readonly kernel: ArchivingKernel;
  readonly folder: string;
}

async function stack(t: TestContext): Promise<Stack> {
  const folder = await temporaryFolder(t);
  const agent = new InProcessAgent();
  const kernel = await ArchivingKernel.create();
  agent.kernel = kernel;
  await agent.start();
  const store = await openStore(join(folder, 'content'));
  t.after(async () => {
    store.close();
    await agent.dispose();
  });
  const { connect } = await hostOver(t, {
    folder,
    guest: agent,
    images: imageSource(store, 'linux/amd64'),
  });
  const client = await connect();
  makeOciLayout(join(folder, 'layout'), [[{ path: 'etc/motd', data: 'hello' }]], {
    Entrypoint: ['sleep'],
    Cmd: ['1'],
    Env: ['A=1'],
  });
  await client.api.images.importLayout({ path: join(folder, 'layout'), reference: 'tiny' });
  await client.api.engine.start({});
  return { client, agent, kernel, folder };
}

const make = async ({ api }: ControlClient, command: string[] = []): Promise<string> =>
  (await api.containers.create({ name: 'box', config: runConfig({ image: 'tiny', command }) })).id;

const never = new AbortController().signal;
const to = (container: string, path: string) => ({ container, path, followLink: false, owners: true, signal: never });
const from = (container: string, path: string) => ({
  ...to(container, path),
  archive: false,
  onSkipped: () => undefined,
});

async function localTree(folder: string): Promise<string> {
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'sub'), { recursive: true });
  await writeFile(join(tree, 'sub/file'), 'content\n');
  await chmod(join(tree, 'sub/file'), 0o640);
  await symlink('/etc/passwd', join(tree, 'link'));
  await writeFile(join(tree, 'big'), Buffer.alloc(3_000_000, 'b'));
  return tree;
}

for (const runs of [false, true])
  test(`a tree into a container that ${runs ? 'runs' : 'does not run'} and out again; its stat; what is not there`, async (t) => {
    const { client, folder } = await stack(t);
    const id = await make(client);
    if (runs) await client.api.containers.start({ id, attach: false });
    const tree = await localTree(folder);
    assert.ok((await copyIn(client, tree, to(id, '/'))) > 3_000_000);
    const { stat: found } = await client.api.containers.archiveStat({ id, path: '/tree/sub/file' });
    assert.deepEqual([found.name, found.size, found.mode], ['file', 8, 0o100640]);
    assert.ok((await copyOut(client, from('box', '/tree'), join(folder, 'back'))) > 3_000_000);
    assert.deepEqual((await readdir(join(folder, 'back'))).sort(), ['big', 'link', 'sub']);
    assert.equal(await readFile(join(folder, 'back/sub/file'), 'utf8'), 'content\n');
    assert.equal((await stat(join(folder, 'back/sub/file'))).mode & 0o7777, 0o640);
    assert.equal(await readlink(join(folder, 'back/link')), '/etc/passwd');
    await copyIn(client, join(tree, 'big'), to(id, '/tree/renamed'));
    await copyIn(client, `${tree}/.`, to(id, '/tree/sub'));
    const missing = { code: 'no-such-path' };
    await assert.rejects(copyOut(client, from(id, '/absent'), folder), missing);
    await assert.rejects(copyIn(client, tree, to(id, '/no/such/place')), missing);
    await assert.rejects(copyIn(client, join(folder, 'absent'), to(id, '/')), missing);
    await assert.rejects(copyOut(client, from(id, '/tree'), join(folder, 'no/such')), missing);
    await assert.rejects(copyIn(client, tree, to(id, '/tree/big')), { code: 'invalid-argument' });
    await assert.rejects(copyOut(client, from('nobody', '/'), folder), { code: 'no-such-container' });
    const changes = await client.api.containers.changes({ id });
    assert.ok(
      changes.some(({ kind, path }) => kind === 'A' && path === '/tree/sub/sub/file'),
      JSON.stringify(changes),
    );
    const { stream } = await client.api.containers.export({ id });
    const pieces = [];
    for await (const piece of archiveBytes(await client.openStream(stream))) pieces.push(Buffer.from(piece));
    const names = execFileSync('tar', ['t'], { input: Buffer.concat(pieces), maxBuffer: 1e8 })
      .toString()
      .split('\n');
    assert.ok(names.includes('tree/renamed') && !names.includes('./'));
  });

test('who leaves early leaves nothing behind: no half file, and the container can be started', async (t) => {
  const { client, folder } = await stack(t);
  const id = await make(client);
  await copyIn(client, await localTree(folder), to(id, '/'));
  const target = join(folder, 'target');
  await mkdir(target);
  const stop = new AbortController();
  const leaving = copyOut(client, { ...from(id, '/tree/big'), signal: stop.signal }, target);
  stop.abort(new Error('left'));
  await assert.rejects(leaving, /left/);
  assert.deepEqual(await readdir(target), []);
  const { stream } = await client.api.containers.archivePut({
    id,
    path: '/',
    noOverwriteDirNonDir: true,
    copyUidGid: false,
  });
  (await client.openStream(stream)).destroy();
  await client.api.containers.start({ id, attach: false });
  const other = await client.api.containers.export({ id });
  (await client.openStream(other.stream)).destroy();
  await client.api.containers.kill({ id, signal: 'SIGKILL' });
  await client.api.containers.remove({ id, force: true, volumes: true });
});

test('commit: pauses, stores the layer over the image’s, keeps and changes its configuration, goes on', async (t) => {
  const { client, folder, kernel } = await stack(t);
  const { api } = client;
  const id = await make(client, ['1000']);
  await api.containers.start({ id, attach: false });
  await copyIn(client, await localTree(folder), to(id, '/'));
  const wish = { id, reference: 'made:1', author: 'Me', comment: 'why', changes: ['ENV B=2', 'USER 5'], pause: true };
  const made = await api.containers.commit(wish);
  assert.ok(kernel.verbs.includes('layer'));
  await until('it goes on', async () => (await api.containers.inspect({ id })).state.status === 'running');
  const { summary, config } = await api.images.inspect({ reference: 'made:1' });
  assert.deepEqual([summary.id, summary.layers.length, summary.references], [made.id, 2, ['made:1']]);
  const stored = config as { author: string; config: Record<string, unknown>; history: { comment?: string }[] };
  assert.deepEqual([stored.author, stored.history.at(-1)?.comment, stored.config['User']], ['Me', 'why', '5']);
  assert.deepEqual([stored.config['Entrypoint'], stored.config['Cmd']], [['sleep'], ['1000']]);
  assert.ok((stored.config['Env'] as string[]).includes('A=1') && (stored.config['Env'] as string[]).includes('B=2'));
  const again = await api.containers.create({ name: 'again', config: runConfig({ image: 'made:1' }) });
  await api.containers.start({ id: again.id, attach: false });
  await assert.rejects(api.containers.commit({ ...wish, changes: ['RUN x'] }), { code: 'invalid-argument' });
  await assert.rejects(api.containers.commit({ ...wish, id: 'nobody' }), { code: 'no-such-container' });
  assert.equal((await api.containers.inspect({ id })).state.status, 'running');
});
