/** Layers come into the guest through a share of their own, which shows nothing else; without it they come all the same. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownHome } from '../support/own-home.ts';
import { makeTar } from '../support/tar.ts';

const share = '/run/berth/shares/layers0';

test('a layer is copied from a share that shows no more; when its server is killed, layers are streamed', async (t) => {
  const home = await ownHome(t);
  const guest = (script: string): Promise<string> => home.ok(['ssh', '--', 'sh', '-c', script]);
  const makeContainer = async (number: number): Promise<void> => {
    const file = join(home.path, `${number}.tar`);
    const folders = ['dev', 'proc'].map((path) => ({ path, type: 'directory' }) as const);
    await writeFile(file, makeTar([{ path: 'data', data: Buffer.alloc(2 ** 21, `layer ${number} `) }, ...folders]));
    await home.ok(['import', file, `example/image:${number}`]);
    await home.ok(['create', '--name', `container-${number}`, `example/image:${number}`, '/data']);
  };
  await home.ok(['machine', 'set', '--memory', '768m']);
  await home.ok(['start', '-q']);
  assert.equal(await guest(`grep -c ${share} /proc/mounts || true`), '0', 'it is mounted when it is needed');
  await makeContainer(1);
  assert.match(await guest(`grep ${share} /proc/mounts`), /^layers0 \S+ virtiofs ro,nosuid,nodev,/);
  assert.equal(
    await guest(`ls -A ${share}; touch ${share}/x 2>&1 || true`),
    `touch: ${share}/x: Read-only file system`,
  );
  assert.equal(await home.ok(['run', '--rm', 'busybox', 'sh', '-c', 'grep -c layers0 /proc/mounts || true']), '0');

  const pidFile = await readFile(join(home.path, 'run/default/layers0.pid'), 'utf8');
  process.kill((JSON.parse(pidFile) as { pid: number }).pid, 'SIGKILL');
  await makeContainer(2);
  const check = await home.ok(['system', 'check']);
  assert.match(check, /layers in the machine default: all is well/);
  assert.equal((await guest('ls /var/lib/berth/layers')).split('\n').length, 3);
  assert.match(await home.ok(['status']), /running/);
});
