import assert from 'node:assert/strict';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { locate } from '../../../../app/host/locate.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const file = (name: string) => ({ file: name, bytes: 1, sha256: 'x' });

async function put(path: string, text: string, seconds = 1000): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await utimes(path, seconds, seconds);
}

function image(root: string, key: string, arch: string, seconds: number): Promise<void> {
  const files = { kernel: file('vmlinux'), initrd: file('initrd'), root: file('root') };
  const manifest = { arch, contentKey: key, kernelVersion: '6.12', cmdline: 'quiet', ...files };
  return put(join(root, 'images', key, 'manifest.json'), JSON.stringify(manifest), seconds);
}

test('a checkout: the newest finished image of this processor, the agent beside the bundles', async (t) => {
  const root = await temporaryFolder(t);
  await image(join(root, '.cache'), 'old', 'amd64', 1000);
  await image(join(root, '.cache'), 'new', 'amd64', 2000);
  await image(join(root, '.cache'), 'other', 'arm64', 3000);
  await mkdir(join(root, '.cache/images/.part-1'));
  await put(join(root, 'dist/agent/amd64.erofs'), 'agent');
  for (const own of ['dist', 'app/host']) {
    const found = locate('x64', {}, join(root, own));
    const { contentKey, folder } = await found.guestImage();
    assert.deepEqual([contentKey, folder], ['new', join(root, '.cache/images/new')]);
    assert.equal(await found.agentImage(), join(root, 'dist/agent/amd64.erofs'));
    assert.equal(await found.busyboxLayout(), undefined);
  }
});

test('BERTH_RESOURCES alone is looked at when it is given', async (t) => {
  const root = await temporaryFolder(t);
  await image(join(root, '.cache'), 'new', 'amd64', 2000);
  const given = join(root, 'given');
  await image(given, 'mine', 'arm64', 1000);
  await put(join(given, 'busybox/arm64/index.json'), '{}');
  const found = locate('arm64', { BERTH_RESOURCES: given }, join(root, 'dist'));
  assert.equal((await found.guestImage()).contentKey, 'mine');
  assert.equal(await found.busyboxLayout(), join(given, 'busybox/arm64'));
  await assert.rejects(found.agentImage(), { code: 'no-such-path', message: /given/, hint: /npm start/ });
  await assert.rejects(locate('x64', { BERTH_RESOURCES: given }).guestImage(), { code: 'no-such-path' });
});

test('a damaged manifest is named', async (t) => {
  const root = await temporaryFolder(t);
  await put(join(root, 'images/x/manifest.json'), '{');
  await assert.rejects(locate('x64', { BERTH_RESOURCES: root }).guestImage(), {
    code: 'corrupt-content',
    message: /manifest\.json/,
  });
});
