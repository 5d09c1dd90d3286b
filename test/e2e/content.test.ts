/** Images, layers and room on both sides: what goes in comes out, what is removed is given back, what is damaged is found. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, guest, ok, refused } from '../support/berth.ts';
import { makeTar } from '../support/tar.ts';
import { until } from '../support/until.ts';

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), 'berth-content-'));
test.after(() => rm(scratch, { recursive: true, force: true }));
const disk = join(process.env['BERTH_HOME'] ?? '', 'data/machines/default/data.raw');
const taken = async (): Promise<number> => (await stat(disk)).blocks * 512;
const guestLayers = async (): Promise<string[]> => (await guest('ls /var/lib/berth/layers')).split('\n').sort();

/** An image of one layer; each number gives another layer. */
async function imported(name: string, number: number): Promise<string> {
  const file = join(scratch, `${number}.tar`);
  const data = Buffer.alloc(2 * MIB, `layer ${number} `);
  await writeFile(
    file,
    makeTar([
      { path: 'data', data },
      { path: 'dev', type: 'directory' },
      { path: 'proc', type: 'directory' },
    ]),
  );
  return ok(['import', '-c', 'LABEL number=' + String(number), '-m', 'made by a test', file, name]);
}

test('an image goes through save, rmi and load; tag, history and inspect tell of it', async () => {
  const archive = join(scratch, 'saved.tar');
  const id = await ok(['image', 'inspect', '-f', '{{.Id}}', 'busybox']);
  await ok(['tag', 'busybox', 'example/other:2']);
  await ok(['save', '-o', archive, 'example/other:2']);
  assert.equal(await ok(['rmi', 'example/other:2']), 'Untagged: example/other:2');
  assert.equal(await ok(['load', '-q', '-i', archive]), 'Loaded image: example/other:2');
  assert.equal(await ok(['image', 'inspect', '-f', '{{.Id}} {{.RootFS.Type}}', 'example/other:2']), `${id} layers`);
  assert.match(await ok(['history', '-q', '--no-trunc', 'example/other:2']), new RegExp(`^${id}`));
  assert.equal(await ok(['run', '--rm', 'example/other:2', 'echo', 'runs']), 'runs');
  await ok(['rmi', 'example/other:2']);
});

test('an image in use is refused; with force its name goes and the container runs on', async (t) => {
  await ok(['tag', 'busybox', 'example/used:1']);
  const container = await ok(['run', '-d', 'busybox', 'sleep', '1000']);
  t.after(() => berth(['rm', '-f', container]));
  const id = await ok(['image', 'inspect', '-f', '{{.Id}}', 'busybox']);
  assert.equal(await ok(['rmi', 'example/used:1']), 'Untagged: example/used:1');
  await refused(['rmi', id], 1, /used by the running container .* of the machine default.* — /);
  await refused(['rmi', '-f', id], 1, /used by the running container/);
  assert.equal(await ok(['exec', container, 'echo', 'runs']), 'runs');
});

test('layers that neither side needs go from the guest with their image; those of containers stay', async () => {
  const before = await guestLayers();
  await imported('example/one:1', 1);
  await imported('example/two:1', 2);
  for (const name of ['one', 'two']) await ok(['create', '--name', `of-${name}`, `example/${name}:1`, '/data']);
  assert.equal((await guestLayers()).length, before.length + 2);
  await ok(['rm', 'of-one']);
  assert.equal((await guestLayers()).length, before.length + 2, 'an image may be used again');
  await ok(['rmi', 'example/one:1']);
  assert.equal((await guestLayers()).length, before.length + 1);
  await refused(['rmi', 'example/two:1'], 1, /by the stopped container of-two/);
  assert.match(await ok(['rmi', '-f', 'example/two:1']), /^Untagged: example\/two:1$/);
  assert.equal((await guestLayers()).length, before.length + 1);
  await ok(['rm', 'of-two']);
  assert.match(
    await ok(['image', 'prune', '-f']),
    /^Deleted Images:\nDeleted: sha256:.*\n\nTotal reclaimed space: [2-9]/,
  );
  assert.deepEqual(await guestLayers(), before);
});

test('prune gives the host back what containers had written, and says how much', async () => {
  const write = 'yes some bytes | head -c 209715200 >/big; sync';
  const before = await taken();
  await ok(['run', '--name', 'writer', 'busybox', 'sh', '-c', write]);
  assert.ok((await taken()) - before > 190 * MIB);
  assert.match(await ok(['system', 'df']), /^Containers +[0-9]+ +[0-9]+ +2[0-9]{2}(\.[0-9])?MB/m);
  const said = await ok(['container', 'prune', '-f']);
  const told = Number(/Total reclaimed space: ([0-9.]+)MB/.exec(said)?.[1]);
  assert.ok(told > 200 && told < 260, said);
  assert.ok((await taken()) - before < 20 * MIB);
});

test('rm of a container and of a volume makes the disk of the host smaller by itself', async () => {
  const write = 'yes some bytes | head -c 52428800 >/big; yes some bytes | head -c 52428800 >/data/big; sync';
  const before = await taken();
  await ok(['run', '--name', 'writer', '-v', 'big:/data', 'busybox', 'sh', '-c', write]);
  const full = await taken();
  assert.ok(full - before > 95 * MIB);
  await ok(['rm', 'writer']);
  await until('the container’s 50 MiB are back', async () => (await taken()) < full - 45 * MIB);
  await ok(['volume', 'rm', 'big']);
  await until('the volume’s 50 MiB are back', async () => (await taken()) < full - 95 * MIB);
});

test('a check of a running machine is clean; damage in its guest is found and repaired', async () => {
  await imported('example/spoiled:1', 3);
  const before = await guestLayers();
  await ok(['create', '--name', 'of-damaged', 'example/spoiled:1', '/data']);
  await ok(['rm', 'of-damaged']);
  assert.match(await ok(['system', 'check']), /layers in the machine default: all is well\.$/);
  const [added = ''] = (await guestLayers()).filter((name) => !before.includes(name));
  await guest(`printf x | dd of=/var/lib/berth/layers/${added} bs=1 seek=100000 conv=notrunc 2>/dev/null; sync`);
  const found = await berth(['system', 'check']);
  assert.equal(found.code, 1);
  assert.match(
    found.stdout,
    new RegExp(`layer sha256:${added.replace('.erofs', '')} in the machine default: it has the digest`),
  );
  assert.equal((await berth(['system', 'check', '--repair'])).code, 1);
  assert.deepEqual(await guestLayers(), before);
  assert.equal(await ok(['system', 'check', '--format', '{{.findings}}']), '[]');
  await ok(['create', '--name', 'of-damaged', 'example/spoiled:1', '/data']);
  await ok(['rm', 'of-damaged']);
  assert.match(await ok(['image', 'prune', '-a', '-f', '--filter', 'label=number=3']), /Untagged: example\/spoiled:1/);
});
