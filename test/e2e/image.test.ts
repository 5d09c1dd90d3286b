/** The guest image by itself, on both processors: it boots as far as the agent's hello and cares for its data disk. */
import assert from 'node:assert/strict';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { guestArchs } from '../../vm-images/inputs.ts';
import { DOWNLOAD_LIMIT, downloadSize } from '../../vm-images/measure.ts';
import { bootImage, superblock, type ImageVm } from '../support/image-vm.ts';

const GIB = 2 ** 30;
const folder = await mkdtemp(join(tmpdir(), 'berth-image-'));
test.after(() => rm(folder, { recursive: true }));

async function blankDisk(name: string, bytes: number): Promise<string> {
  const disk = join(folder, name);
  await writeFile(disk, '');
  await truncate(disk, bytes);
  return disk;
}

async function withVm(arch: 'amd64' | 'arm64', disk: string, use: (vm: ImageVm) => Promise<void>): Promise<void> {
  const vm = await bootImage(arch, folder, disk);
  try {
    await use(vm);
  } finally {
    await vm.kill();
  }
}

for (const arch of guestArchs)
  test(`${arch}: what a person downloads keeps to its limit`, async (t) => {
    const { totalBytes, parts } = await downloadSize(arch, join(import.meta.dirname, '../../.cache'), 6);
    const shown = Object.entries({ ...parts, total: totalBytes }).map(
      ([part, bytes]) => `${part} ${(bytes / 1e6).toFixed(1)} MB`,
    );
    t.diagnostic(shown.join(', '));
    assert.ok(totalBytes > 10e6 && totalBytes <= DOWNLOAD_LIMIT, shown.join(', '));
  });

for (const arch of guestArchs)
  test(`${arch}: a blank disk is made ready, the agent says hello, the power button leaves a clean disk`, async () => {
    const disk = await blankDisk(`${arch}.raw`, 2 * GIB);
    await withVm(arch, disk, async (vm) => {
      for (const stage of ['kernel-userland', 'data-disk', 'network', 'agent']) await vm.says(`berth: stage ${stage}`);
      // The agent says its stage in rescue mode, too.
      assert.doesNotMatch(vm.console(), /berth: fail|the services cannot start/);
      await vm.powerButton();
    });
    assert.deepEqual(await superblock(disk), { isExt4: true, blocks: (2 * GIB) / 4096, needsRecovery: false });
  });

test('a grown disk gets a grown file system, also after the machine was killed', async () => {
  const disk = join(folder, 'amd64.raw');
  await withVm('amd64', disk, async (vm) => {
    await vm.says('berth: stage agent');
    await vm.kill();
  });
  assert.equal((await superblock(disk)).needsRecovery, true);
  await truncate(disk, 3 * GIB);
  await withVm('amd64', disk, async (vm) => {
    await vm.says('berth: stage agent');
    await vm.powerButton();
  });
  assert.deepEqual(await superblock(disk), { isExt4: true, blocks: (3 * GIB) / 4096, needsRecovery: false });
});

test('a disk whose first superblock is lost is repaired from the backup', async () => {
  const disk = join(folder, 'arm64.raw');
  await using file = await open(disk, 'r+');
  await file.write(Buffer.alloc(4096), 0, 4096, 0);
  await withVm('amd64', disk, async (vm) => {
    await vm.says('berth: stage data-disk');
    await vm.says('berth: stage agent');
    await vm.powerButton();
  });
  assert.equal((await superblock(disk)).isExt4, true);
});

test('a disk with something else on it is not touched; the agent starts all the same and the cause is named', async () => {
  const disk = await blankDisk('foreign.raw', GIB);
  const foreign = Buffer.alloc(4096, 'somebody else');
  await using file = await open(disk, 'r+');
  await file.write(foreign, 0, foreign.length, 0);
  await withVm('amd64', disk, async (vm) => {
    await vm.says('berth: fail data-disk it holds something that is not the data file system');
    await vm.says('the services cannot start: ');
    await vm.says('berth: stage agent');
  });
  const { buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
  assert.deepEqual(buffer, foreign);
});
