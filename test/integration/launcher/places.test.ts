import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createMountPoint } from '../../../guest-agent/plan/flags.ts';
import type { LaunchPlan, Op } from '../../../guest-agent/plan/op.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { containerPlan, runAttached, skip, startLauncher, type Fixture } from './fixture.ts';

const why = 'test';
const links: Readonly<Record<string, string>> = {
  plain: '/srv/real',
  up: '../../../../srv/real',
  chain: 'srv/../plain',
  inside: '/srv',
  nowhere: '../gone/deep/er/',
  'nowhere-file': '/gone/file',
  loop: '/loop',
  root: '/srv/..',
  kernel: '/proc/sys',
  magic: '/proc/self/root/srv/real',
};

describe('where a link of the image leads', { skip, timeout: 60_000 }, () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startLauncher();
    mkdirSync(join(fixture.lower, 'srv/real'), { recursive: true });
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(fixture.lower, name));
  });
  after(() => fixture.stop());

  const folderAt = (target: string): Op[] => [
    { op: 'createMount', slot: 9, type: 'tmpfs', source: 'placed', attr: 0n, data: '', why },
    { op: 'placeMount', slot: 9, target, create: createMountPoint.sameAsSource, why },
  ];
  const plan = (script: string, inside: Op[]): LaunchPlan =>
    containerPlan(fixture, { argv: ['sh', '-c', script], inside });
  const guestFolders = (): string[] => readdirSync('/');

  for (const [target, place] of [
    ['/srv/new/er', '/srv/new/er'],
    ['/plain', '/srv/real'],
    ['/plain/x', '/srv/real/x'],
    ['/up', '/srv/real'],
    ['/chain', '/srv/real'],
    ['/inside/real', '/srv/real'],
    ['/inside/x/y', '/srv/x/y'],
    ['/nowhere', '/gone/deep/er'],
    ['/nowhere/x', '/gone/deep/er/x'],
  ] as const)
    test(`${target} is ${place}`, async () => {
      const before = guestFolders();
      const ended = await runAttached(fixture, plan('grep ^placed /proc/mounts', folderAt(target)));
      assert.equal(ended.stdout.split(' ')[1], place, ended.stderr);
      assert.deepEqual(guestFolders(), before);
    });

  test('a file is made where a link leads nowhere', async () => {
    const file = join(fixture.folder, 'file');
    writeFileSync(file, 'kept');
    const made = plan('cat /nowhere-file; stat -c %F /gone/file', [
      { op: 'placeMount', slot: 9, target: '/nowhere-file', create: createMountPoint.sameAsSource, why },
    ]);
    made.outside.push({ op: 'openTree', slot: 9, source: file, recursive: 0, idmap: 1, attr: 0n, under: 0, why });
    assert.equal((await runAttached(fixture, made)).stdout, 'keptregular file\n');
  });

  test('folders are made by links, too', async () => {
    const op: Op = { op: 'makeDirs', path: '/nowhere', mode: 0o750, why };
    assert.equal((await runAttached(fixture, plan('stat -c "%F %a" /gone/deep/er', [op]))).stdout, 'directory 750\n');
  });

  for (const [target, words] of [
    ['/loop', /ELOOP/],
    ['/root', /leads to \/: EPERM/],
    ['/kernel', /leads to \/proc: EPERM/],
    ['/kernel/x', /EACCES|ENOENT|EPERM/],
    ['/bin/busybox/x', /ENOTDIR/],
  ] as const)
    test(`${target} is refused`, async () => {
      const failed = runAttached(fixture, plan('true', folderAt(target)));
      await assert.rejects(
        failed,
        (error) => error instanceof EngineError && words.test(error.message) && error.hint !== undefined,
      );
    });

  test('a link of /proc is what it reads as, not what it stands for', async () => {
    const ended = await runAttached(fixture, plan('grep ^placed /proc/mounts', folderAt('/magic')));
    assert.equal(ended.stdout.split(' ')[1], '/srv/real', ended.stderr);
  });
});
