/** Containers in namespaces of others: whose ids they have, and what becomes of them when the others go. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, detached, guest, inspect, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

const home = process.env.BERTH_HOME ?? '';
const sleep = ['sleep', '1000'];
const idMap = (id: string): Promise<string> => ok(['exec', id, 'cat', '/proc/self/uid_map']);
/** As the guest sees the first process. */
const mapOfFirst = async (id: string): Promise<string> =>
  guest(`cat /proc/${await inspect(id, '{{.State.Pid}}')}/uid_map`);

test('a chain of them has the ids of the first, in exec, too, and nobody is root of the guest', async (t) => {
  const a = await detached(t, ['--name', 'chain-a'], sleep);
  const b = await detached(t, ['--name', 'chain-b', '--network', 'container:chain-a'], sleep);
  const made = await berth([
    'run',
    '-d',
    '--pid',
    'container:chain-b',
    '--network',
    'container:chain-b',
    'busybox',
    ...sleep,
  ]);
  assert.deepEqual([made.code, made.stderr], [0, '']);
  const c = made.stdout.trim();
  t.after(() => berth(['rm', '-f', c]));
  const map = await mapOfFirst(a);
  assert.match(map, /^ *0 +[1-9]\d{6,} +65536$/);
  assert.deepEqual([await mapOfFirst(b), await mapOfFirst(c)], [map, map]);
  assert.deepEqual([await idMap(b), await idMap(c)], [map, map]);
  assert.equal(
    await ok(['exec', c, 'readlink', '/proc/self/ns/net']),
    await ok(['exec', a, 'readlink', '/proc/self/ns/net']),
  );
  assert.equal(
    await inspect(c, '{{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}}'),
    `container:${b} container:${b}`,
  );
});

test('the joined one ends and is gone: who joined it runs on as before, and nobody else gets its ids', async (t) => {
  const local = await mkdtemp(join(home, 'joins-'));
  const owner = await ok([
    'run',
    '-d',
    '--rm',
    '--name',
    'owner',
    'busybox',
    'sh',
    '-c',
    'until [ -e /go ]; do sleep 0.1; done',
  ]);
  const joiner = await detached(
    t,
    ['--name', 'joiner', '--network', 'container:owner'],
    ['sh', '-c', 'echo kept > /file; sleep 1000'],
  );
  await until('its file is there', async () => (await ok(['exec', joiner, 'cat', '/file'])) === 'kept');
  const map = await idMap(joiner);
  await ok(['exec', owner, 'touch', '/go']);
  await until('it is gone', async () => (await berth(['inspect', owner])).code !== 0);
  const files = async (): Promise<void> => {
    await ok(['cp', 'joiner:/file', join(local, 'file')]);
    assert.equal(await readFile(join(local, 'file'), 'utf8'), 'kept\n');
    await ok(['export', '-o', join(local, 'root.tar'), 'joiner']);
    assert.match(await ok(['diff', 'joiner']), /^A \/file$/m);
  };
  await files();
  assert.equal(await idMap(joiner), map);
  const others = await Promise.all([1, 2, 3].map(() => detached(t, [], sleep)));
  for (const other of others) assert.notEqual(await idMap(other), map);
  await ok(['kill', 'joiner']);
  await ok(['wait', 'joiner']);
  await files();
  const again = await berth(['start', 'joiner']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, new RegExp(owner));
});

test('a joined one is found by its new name, and not by who has its old one', async (t) => {
  const owner = await detached(t, ['--name', 'before'], sleep);
  const joiner = await detached(t, ['--network', 'container:before', '--ipc', 'container:before'], sleep);
  await ok(['rename', 'before', 'after']);
  const other = await detached(t, ['--name', 'before'], sleep);
  const network = (id: string): Promise<string> => ok(['exec', id, 'readlink', '/proc/self/ns/net']);
  assert.equal(await network(joiner), await network(owner));
  await ok(['restart', '-t', '0', joiner]);
  assert.equal(await network(joiner), await network(owner));
  assert.notEqual(await network(joiner), await network(other));
});

test('a joined one starts again, with a cable of its own, while who joined it still runs', async (t) => {
  const owner = await detached(t, [], sleep);
  const joiner = await detached(t, ['--network', `container:${owner}`], sleep);
  const cables = (id: string): Promise<string> => ok(['exec', id, 'sh', '-c', 'ls /sys/class/net | tr "\n" " "']);
  await ok(['kill', owner]);
  await until('the cable is gone', async () => (await cables(joiner)) === 'lo ');
  await ok(['start', owner]);
  assert.equal(await cables(owner), 'eth0 lo ');
  await ok(['rm', '-f', owner]);
  assert.equal(await cables(joiner), 'lo ');
});
