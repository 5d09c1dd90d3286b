import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { silentLog } from '../../../../app/base/log.ts';
import { startTimeOf } from '../../../../app/base/process-identity.ts';
import { VirtiofsDriver } from '../../../../app/shares/virtiofs.ts';
import { sandboxes, virtiofsdArgs } from '../../../../app/shares/virtiofsd-args.ts';
import { findVirtiofsd } from '../../../../app/shares/virtiofsd-program.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-virtiofs-'));
test.after(() => rm(folder, { recursive: true }));
const shared = join(folder, 'shared');
await mkdir(shared);
let count = 0;

async function script(text: string): Promise<string> {
  const path = join(folder, `program-${++count}`);
  await writeFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

/** A virtiofsd that listens on its socket and does as told when the VM connects. */
async function fake(body: string, refuses = 'nothing') {
  const node = `
    const args = process.argv.slice(1);
    const value = (name) => args[args.indexOf(name) + 1];
    require('node:fs').writeFileSync('${join(folder, 'args')}', args.join(' '));
    if (value('--sandbox') === '${refuses}') { console.error('no ' + value('--sandbox')); process.exit(1); }
    require('node:net').createServer(() => { ${body} }).listen(value('--socket-path'));`;
  const file = join(folder, `fake-${++count}.cjs`);
  await writeFile(file, node.replace('slice(1)', 'slice(2)'));
  const command = await script(`exec '${process.execPath}' '${file}' "$@"`);
  const runtimeDir = join(folder, `run-${count}`);
  await mkdir(runtimeDir);
  const program = { command, prefix: [], version: '1.13.2' };
  return { runtimeDir, driver: new VirtiofsDriver({ program, runtimeDir, uid: 1000, gid: 100, log: silentLog }) };
}

const share = { tag: 'fs0', hostPath: shared, readOnly: false };

test("every id of the guest becomes the user's, and a share can be read-only", () => {
  const facts = { hostPath: '/h', socketPath: '/r/fs0.sock', uid: 1000, gid: 100, readOnly: true } as const;
  const args = virtiofsdArgs({ ...facts, sandbox: 'namespace' }).join(' ');
  assert.ok(args.includes('--translate-uid squash-guest:0:1000:4294967295'));
  assert.ok(args.includes('--translate-gid squash-guest:0:100:4294967295'));
  assert.ok(args.includes('--cache auto') && args.endsWith('--readonly'));
  assert.ok(!virtiofsdArgs({ ...facts, readOnly: false, sandbox: 'none' }).includes('--readonly'));
});

for (const { uid, gid, uids, gids } of [
  { uid: 0, gid: 0, uids: ['squash-host:65536:65534:4294901759'], gids: ['squash-host:65536:65534:4294901759'] },
  {
    uid: 200_000,
    gid: 65_536,
    uids: ['squash-host:65536:65534:134464', 'host:200000:1000:1', 'squash-host:200001:65534:4294767294'],
    gids: ['host:65536:1000:1', 'squash-host:65537:65534:4294901758'],
  },
  {
    uid: 4_294_967_294,
    gid: 65_535,
    uids: ['squash-host:65536:65534:4294901758', 'host:4294967294:1000:1'],
    gids: ['squash-host:65536:65534:4294901759'],
  },
])
  test(`ids that a container cannot have are brought into its range, for user ${uid} and group ${gid}`, () => {
    const args = virtiofsdArgs({
      ...{ hostPath: '/h', socketPath: '/r/fs0.sock', uid, gid, readOnly: false },
      sandbox: 'namespace',
    });
    const given = (option: string) => args.filter((_, index) => args[index - 1] === option);
    assert.deepEqual(given('--translate-uid'), [`squash-guest:0:${uid}:4294967295`, ...uids]);
    assert.deepEqual(given('--translate-gid'), [`squash-guest:0:${gid}:4294967295`, ...gids]);
  });

test('root never serves without a root folder of its own', () => {
  assert.deepEqual(
    [sandboxes(0), sandboxes(1000)],
    [
      ['namespace', 'chroot'],
      ['namespace', 'none'],
    ],
  );
});

test('device and mount are found by the tag', async () => {
  const { driver, runtimeDir } = await fake('');
  const socketPath = join(runtimeDir, 'fs0.sock');
  assert.deepEqual(driver.device(share), { kind: 'vhost-user-fs', tag: 'fs0', socketPath });
  assert.deepEqual(driver.guestMount(share), { type: 'virtiofs', source: 'fs0', options: '' });
  assert.equal(driver.guestMount({ ...share, readOnly: true }).options, 'ro');
});

test('a server runs until it is stopped, and leaves no pid file', async () => {
  const { driver, runtimeDir } = await fake('');
  const server = await driver.start(share);
  assert.match(await readFile(join(folder, 'args'), 'utf8'), /--shared-dir \S+\/shared .*--sandbox namespace/);
  await server.stop();
  assert.deepEqual(await server.exited, {});
  assert.ok(!(await readdir(runtimeDir)).includes('fs0.pid'));
});

test('the end of the machine ends the server without an error, its death is one', async () => {
  const end = async (body: string) => {
    const { driver, runtimeDir } = await fake(body);
    const server = await driver.start(share);
    connect(join(runtimeDir, 'fs0.sock')).on('error', () => undefined);
    return server.exited;
  };
  assert.deepEqual(await end('process.exit(0)'), {});
  const { error } = await end("console.error('bad luck'); process.exit(7)");
  assert.match(error?.message ?? '', /shared ended \(status 7\): bad luck/);
});

test('where namespaces are refused, the next sandbox is tried', async () => {
  const { driver } = await fake('', 'namespace');
  const server = await driver.start(share);
  assert.match(await readFile(join(folder, 'args'), 'utf8'), /--sandbox none/);
  await server.stop();
});

test('a server that an earlier run left is ended first', async () => {
  const { driver } = await fake('');
  const first = await driver.start(share);
  const second = await driver.start(share);
  assert.equal(await startTimeOf(first.pid, 'linux'), undefined);
  await second.stop();
});

test('a server that does not start gives its own words', async () => {
  const command = await script('echo "cannot do that" >&2; exit 1');
  const program = { command, prefix: [], version: '1.13.2' };
  const driver = new VirtiofsDriver({ program, runtimeDir: folder, uid: 1000, gid: 100, log: silentLog });
  await assert.rejects(driver.start(share), { code: 'operation-failed', message: /cannot do that/ });
});

test('a folder that is not there, and a file, cannot be shared', async () => {
  const { driver } = await fake('');
  await assert.rejects(driver.start({ ...share, hostPath: join(folder, 'none') }), { code: 'no-such-path' });
  await assert.rejects(driver.start({ ...share, hostPath: join(folder, 'args') }), { code: 'no-such-path' });
});

test('the first virtiofsd that is new enough is taken, its own one last', async () => {
  const old = await script('echo "virtiofsd version 7.2.22 (Debian)"');
  const early = await script('echo "virtiofsd 1.10.0"');
  const good = await script('echo "virtiofsd 1.13.0"');
  const newer = await script('echo "virtiofsd 2.0.1"');
  const found = await findVirtiofsd('x64', undefined, [join(folder, 'none'), old, early, newer, good]);
  assert.deepEqual(found, { command: newer, prefix: [], version: '2.0.1' });
  await assert.rejects(findVirtiofsd('x64', undefined, [old, early]), {
    code: 'unsupported',
    message: /1\.13 or later: this virtiofsd is too old; found only .*QEMU's old one.* \(1\.10\.0\)/,
  });
  await assert.rejects(findVirtiofsd('x64', undefined, []), { message: /none was found/ });
});

for (const [arch, libraries, loader] of [
  ['x64', 'x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  ['arm64', 'aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
] as const)
  test(`the product's own virtiofsd is run by its own loader on ${arch}`, async () => {
    const tree = join(folder, `tree-${arch}`);
    const own = join(tree, 'usr/lib', libraries);
    await mkdir(own, { recursive: true });
    await mkdir(join(tree, 'usr/libexec'), { recursive: true });
    const command = join(own, loader);
    await writeFile(command, '#!/bin/sh\nshift 2; exec "$@"\n', { mode: 0o755 });
    const program = join(tree, 'usr/libexec/virtiofsd');
    await writeFile(program, '#!/bin/sh\necho virtiofsd 1.13.2\n', { mode: 0o755 });
    assert.deepEqual(await findVirtiofsd(arch, tree, []), {
      command,
      prefix: ['--library-path', own, program],
      version: '1.13.2',
    });
  });
