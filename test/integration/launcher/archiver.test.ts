/** The archiver against GNU tar, the host's content reader, and archives that mean harm; on plain folders, as root. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyTree } from '../../../guest-agent/effects/linux/copy-tree.ts';
import { planChanges, parseCompared } from '../../../guest-agent/plan/change-plan.ts';
import { archiveFailure } from '../../../guest-agent/protocol/archive-failure.ts';
import { buildLauncher, launcherPath } from '../../../scripts/build/launcher.ts';
import { makeTar, tarHeader, type TarEntrySpec } from '../../support/tar.ts';
import { listTree, type TreeEntry } from '../../support/tree.ts';

const skip = process.getuid?.() !== 0 && 'owners and devices need root';
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const root = mkdtempSync(join(tmpdir(), 'berth-archiver-'));
const folder = (): string => mkdtempSync(join(root, 'x-'));
const maxBuffer = 1 << 28;

function run(args: readonly string[], input: Buffer = Buffer.alloc(0)) {
  const { status, stdout, stderr } = spawnSync(launcherPath(arch), args, { argv0: 'berth-archive', input, maxBuffer });
  return { status, stdout, stderr: stderr.toString() };
}

function archive(...args: string[]): Buffer {
  const { status, stdout, stderr } = run(args);
  assert.equal(status, 0, stderr);
  return stdout;
}

function put(path: string, input: Buffer, ...options: string[]): void {
  const { status, stderr } = run(['put', path, ...(options.length === 0 ? ['0'] : options)], input);
  if (status !== 0) throw archiveFailure(stderr);
}

/** The root's own time and mode are the test's. */
function tree(path: string): [string, TreeEntry][] {
  return [...listTree(path)].filter(([name]) => name !== '');
}

function grow(path: string): void {
  const long = 'n'.repeat(200);
  mkdirSync(join(path, 'a', long, 'b'), { recursive: true });
  writeFileSync(join(path, 'a', long, long), 'deep');
  writeFileSync(join(path, 'big'), Buffer.alloc(1_000_003, 'x'));
  writeFileSync(join(path, 'empty'), '');
  writeFileSync(Buffer.concat([Buffer.from(`${path}/raw`), Buffer.of(0xff, 0x0a)]), 'not UTF-8');
  linkSync(join(path, 'big'), join(path, 'a/twin'));
  symlinkSync('../../etc/shadow', join(path, 'link'));
  symlinkSync(`/${long}${long}`, join(path, 'long-link'));
  chmodSync(join(path, 'empty'), 0o4750);
  for (const args of [
    ['chown', '70000:3000000', join(path, 'empty')],
    ['mknod', join(path, 'null'), 'c', '1', '3'],
    ['mkfifo', join(path, 'fifo')],
    ['touch', '-d', '1960-01-02 03:04:05.123456789', join(path, 'a')],
    ['setfattr', '-n', 'user.a=b%', '-v', 'value', join(path, 'a', long)],
    ['chmod', '4755', join(path, 'empty')],
  ])
    execFileSync(args[0] ?? '', args.slice(1));
  utimesSync(join(path, 'big'), 1, 2_000_000_000.5);
}

describe('the archiver', { skip }, () => {
  before(() => buildLauncher(arch));
  after(() => rmSync(root, { recursive: true, force: true }));

  test('what it packs, GNU tar and it itself unpack to the same tree', () => {
    const [source, gnu, own] = [folder(), folder(), folder()];
    grow(source);
    const packed = archive('get', source, 'name');
    const args = ['xf', '-', '-C', gnu, '--xattrs', '--numeric-owner', '-p'];
    execFileSync('tar', args, { input: packed, stdio: ['pipe', 'ignore', 'pipe'] });
    put(own, packed);
    assert.deepEqual(tree(join(own, 'name')), tree(source));
    const withoutPast = (path: string) =>
      tree(path).map(([name, entry]) => [name, name === 'a' ? { ...entry, mtime: 0n } : entry]);
    assert.deepEqual(
      withoutPast(join(gnu, 'name')),
      withoutPast(source),
      'GNU tar rounds times before 1970 the other way',
    );
  });

  test('what it copies is the same tree; a copy that fails says why', async () => {
    const [source, copied] = [folder(), folder()];
    grow(source);
    chmodSync(source, 0o1777);
    execFileSync('chown', ['12:34', source]);
    utimesSync(source, 1, 2_000_000_000.5);
    await copyTree(launcherPath(arch), source, copied);
    assert.deepEqual([...listTree(copied)], [...listTree(source)]);
    await assert.rejects(copyTree(launcherPath(arch), join(source, 'absent'), folder()), { code: 'no-such-path' });
    await assert.rejects(copyTree(launcherPath(arch), source, join(source, 'empty')), { code: 'invalid-argument' });
  });

  for (const format of ['gnu', 'pax', 'ustar', 'v7'])
    test(`what GNU tar packs as ${format}, it unpacks to the same tree`, () => {
      const [source, own] = [folder(), folder()];
      mkdirSync(join(source, 'd'));
      writeFileSync(join(source, 'd/f'), 'f'.repeat(1000));
      linkSync(join(source, 'd/f'), join(source, 'twin'));
      symlinkSync('d', join(source, 'link'));
      if (format === 'gnu' || format === 'pax') writeFileSync(join(source, `d/${'n'.repeat(180)}`), '');
      const times = ['-exec', 'touch', '-h', '-d', '@1000000000', '{}', '+'];
      execFileSync('find', [source, '-depth', ...times]);
      put(
        own,
        execFileSync('tar', ['cf', '-', `--format=${format}`, '-C', source, 'd', 'twin', 'link'], { maxBuffer }),
      );
      assert.deepEqual(tree(own), tree(source));
    });

  const refused: [string, TarEntrySpec[], RegExp][] = [
    ['a name with ..', [{ path: 'a/../../x', data: 'x' }], /a\/\.\.\/\.\.\/x leads out/],
    ['a hard link with ..', [{ path: 'x', type: 'hardlink', linkTarget: '../outside' }], /leads out/],
    ['a hard link to nothing', [{ path: 'x', type: 'hardlink', linkTarget: 'absent' }], /no x/],
    ['a folder in the place of a file', [{ path: 'file', type: 'directory' }], /file is no folder/],
    ['a file in the place of a folder', [{ path: 'folder', data: '' }], /folder is a folder/],
  ];
  for (const [name, entries, message] of refused)
    test(`${name} is refused`, () => {
      const target = folder();
      mkdirSync(join(target, 'folder'));
      writeFileSync(join(target, 'file'), 'kept');
      assert.throws(() => put(target, makeTar(entries), '1'), message);
      assert.deepEqual(readdirSync(target).sort(), ['file', 'folder']);
    });

  test('a cut or damaged archive leaves whole files only', () => {
    const target = folder();
    const whole = makeTar([
      { path: 'one', data: 'one' },
      { path: 'two', data: 'x'.repeat(100_000) },
    ]);
    assert.throws(() => put(target, whole.subarray(0, 50_000)), { code: 'cancelled' });
    assert.deepEqual(readdirSync(target), ['one']);
    const sparse = Buffer.concat([tarHeader({ path: Buffer.from('s'), flag: 'S', size: 0 }), Buffer.alloc(1024)]);
    assert.throws(() => put(target, sparse), { code: 'unsupported' });
    for (const bytes of [
      Buffer.alloc(512, 'x'),
      Buffer.concat([whole.subarray(0, 100), Buffer.of(1), whole.subarray(101)]),
    ])
      assert.throws(() => put(target, bytes), { code: 'invalid-argument' });
    assert.throws(() => put(join(target, 'one/.'), whole), { code: 'invalid-argument', message: /not a folder/ });
    assert.throws(() => put(join(target, 'absent/.'), whole), { code: 'no-such-path' });
  });

  test('links in the place of files are replaced, not followed; folders are merged; owners may be one’s own', () => {
    const [target, outside] = [folder(), folder()];
    symlinkSync(join(outside, 'victim'), join(target, 'file'));
    mkdirSync(join(target, 'dir'));
    writeFileSync(join(target, 'dir/kept'), '');
    put(
      target,
      makeTar([
        { path: 'file', data: 'new' },
        { path: 'dir', type: 'directory', mode: 0o700 },
        { path: './dir//made/deep', data: '' },
      ]),
      '0',
      '12',
      '34',
    );
    assert.deepEqual(readdirSync(outside), []);
    const found = new Map(tree(target));
    assert.deepEqual(
      ['file', 'dir', 'dir/made', 'dir/made/deep'].map((name) => found.get(name)?.owner),
      Array(4).fill('12:34'),
    );
    assert.ok(found.has('dir/kept') && found.get('dir')?.mode === '40700');
  });

  test('an upper folder of overlayfs becomes a layer, and a list of changes', () => {
    const [upper, lower] = [folder(), folder()];
    for (const path of ['etc', 'gone', 'opaque', 'same']) mkdirSync(join(lower, path));
    for (const path of ['etc/passwd', 'etc/group', 'opaque/hidden', 'same/f']) writeFileSync(join(lower, path), 'x');
    execFileSync('cp', ['-a', `${lower}/.`, upper]);
    for (const path of ['gone', 'opaque/hidden', 'etc/group']) rmSync(join(upper, path), { recursive: true });
    for (const path of ['gone', 'etc/group']) execFileSync('mknod', [join(upper, path), 'c', '0', '0']);
    execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(upper, 'opaque')]);
    writeFileSync(join(upper, 'opaque/new'), '');
    writeFileSync(join(upper, 'etc/passwd'), 'changed');
    writeFileSync(join(upper, 'etc/hosts'), '');
    mkdirSync(join(upper, 'proc'));
    const ignored = ['/proc', '/etc/hosts'];
    const names = execFileSync('tar', ['tf', '-'], { input: archive('layer', upper, ...ignored) }).toString();
    const wanted = ['./', './.wh.gone', './etc/', './etc/.wh.group', './etc/passwd'];
    const opaque = ['./opaque/', './opaque/.wh..wh..opq', './opaque/new', './same/', './same/f'];
    assert.deepEqual(names.trim().split('\n').sort(), [...wanted, ...opaque].sort());
    const changes = planChanges(parseCompared(archive('compare', upper, lower, ...ignored).toString()));
    assert.deepEqual(
      changes.map(({ kind, path }) => `${kind} ${path}`),
      ['C /etc', 'D /etc/group', 'C /etc/passwd', 'D /gone', 'C /opaque', 'D /opaque/hidden', 'A /opaque/new'],
    );
    writeFileSync(join(upper, '.wh.mine'), '');
    assert.equal(archiveFailure(run(['layer', upper]).stderr).code, 'unsupported');
  });
});
