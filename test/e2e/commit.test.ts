/** diff, export and commit: what a container has changed, as a list, as a tree, as an image that runs at once. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, berthScript, command, detached, inspect, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

const home = process.env.BERTH_HOME ?? '';

const changes = `set -e; mkdir -p /new/deep; echo added > /new/deep/file; ln /new/deep/file /new/twin; ln -s deep /new/link
  chmod 600 /etc/group; rm /etc/shells 2>/dev/null || rm /etc/passwd; chown 33:44 /new/deep; echo long > /new/${'n'.repeat(200)}
  rm -rf /var/spool; rm -rf /root; mkdir /root; echo mine > /root/mine; chmod 4755 /new/twin; touch -d '2001-02-03 04:05:06' /new/deep/file
  printf 'x' > "/new/$(printf 'raw\\377name')"; mkfifo /new/pipe; touch /tmp/done`;

/** Every path but mounts, with what is kept of it. */
const listing = `cd /; find . -xdev ! -path './proc*' ! -path './sys*' ! -path './dev*' ! -path './etc/host*' ! -path ./etc/resolv.conf |
  sort | while IFS= read -r f; do stat -c '%n %f %u:%g %t:%T %Y' "$f"; [ -d "$f" ] || stat -c '%h %s' "$f"; done | grep -v '^\\. \\|^./etc [^/]*$'; cat /new/deep/file`;

test('diff tells what was added, changed and deleted, and nothing of the container’s own mount points', async (t) => {
  const id = await detached(t, ['-v', '/volume'], ['sh', '-c', `${changes}; sleep 1000`]);
  await until('the changes are made', async () => (await berth(['exec', id, 'ls', '/tmp/done'])).code === 0);
  const lines = (await ok(['diff', id])).split('\n');
  for (const line of [
    'A /new',
    'A /new/deep',
    'A /new/deep/file',
    'A /new/link',
    'C /etc',
    'C /etc/group',
    'A /volume',
  ])
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  assert.ok(
    lines.some((line) => /^D \/etc\/(shells|passwd)$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(lines.includes('A /root/mine') && !lines.includes('A /root'), lines.join('\n'));
  assert.equal(
    lines.filter((line) => / \/(dev|proc|sys|etc\/host.*|etc\/resolv.conf)$/.test(line)).length,
    0,
    lines.join('\n'),
  );
  const fresh = await ok(['create', 'busybox', 'true']);
  t.after(() => berth(['rm', fresh]));
  assert.equal(await ok(['diff', fresh]), '');
  await ok(['start', '-a', fresh]);
  assert.equal(await ok(['diff', fresh]), '', 'a start changes nothing');
});

test('commit: the new image runs at once and has the container’s root; configuration, history, names', async (t) => {
  const id = await detached(t, ['-e', 'KEPT=yes', '-l', 'a=b'], ['sh', '-c', `${changes}; sleep 1000`]);
  t.after(() => berth(['image', 'rm', 'made:1']));
  await until('the changes are made', async () => (await berth(['exec', id, 'ls', '/tmp/done'])).code === 0);
  const change = [
    'CMD ["cat","/new/deep/file"]',
    'ENV A=1 B="two words"',
    'LABEL c=d',
    'WORKDIR /new',
    'USER 33',
    'EXPOSE 80',
    'STOPSIGNAL SIGINT',
  ];
  const made = await ok([
    'commit',
    '-a',
    'Me',
    '-m',
    'by hand',
    ...change.flatMap((line) => ['-c', line]),
    id,
    'made:1',
  ]);
  assert.match(made, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await inspect(id, '{{.State.Status}}'), 'running', 'it goes on after the pause');
  assert.equal(await ok(['run', '--rm', 'made:1']), 'added');
  const inside = (args: string[]) => ok([...args, 'sh', '-c', listing]);
  const before = await inside(['exec', '-u', '0', id]);
  assert.equal(await inside(['run', '--rm', '-u', '0', '-w', '/', 'made:1']), before);
  assert.match(before, /raw/);
  const image = JSON.parse(await ok(['image', 'inspect', 'made:1'])) as {
    Author: string;
    Config: Record<string, unknown>;
    RootFS: { Layers: string[] };
  }[];
  const config = image[0]?.Config ?? {};
  const env = config['Env'] as string[];
  assert.ok(
    ['KEPT=yes', 'A=1', 'B=two words'].every((line) => env.includes(line)),
    env.join(' '),
  );
  assert.deepEqual(
    [config['Labels'], config['WorkingDir'], config['User'], config['StopSignal']],
    [{ a: 'b', c: 'd' }, '/new', '33', 'SIGINT'],
  );
  assert.equal(
    await ok(['run', '--rm', 'made:1', 'sh', '-c', 'echo $A $B $KEPT; pwd; id -u']),
    '1 two words yes\n/new\n33',
  );
  const second = await ok([
    'run',
    '-d',
    '-u',
    '0',
    'made:1',
    'sh',
    '-c',
    'rm /new/deep/file; echo 2 > /second; touch /tmp/two; sleep 1000',
  ]);
  t.after(() => berth(['rm', '-f', second]));
  await until('the second change', async () => (await berth(['exec', second, 'ls', '/tmp/two'])).code === 0);
  await ok(['commit', '--pause=false', second, 'made:2']);
  t.after(() => berth(['image', 'rm', 'made:2']));
  assert.equal(await ok(['run', '--rm', '-u', '0', 'made:2', 'sh', '-c', 'cat /second; ls /new/deep']), '2');
  await refused(['commit', '-c', 'FROM scratch', id], 1, /FROM scratch.* is not a change/);
  await refused(['commit', id, 'Not A Name'], 1, /Not A Name/);
  await refused(['commit', 'nobody'], 1, /no container "nobody"/);
});

test('export: the whole root without mounts, from a running and from an ended container alike', async (t) => {
  const folder = await mkdtemp(join(home, 'export-'));
  const id = await detached(
    t,
    ['-v', '/volume', '--tmpfs', '/scratch'],
    ['sh', '-c', 'echo a > /file; echo b > /volume/b; echo c > /scratch/c; touch /tmp/done; sleep 1000'],
  );
  await until('the files are made', async () => (await berth(['exec', id, 'ls', '/tmp/done'])).code === 0);
  const list = async (name: string) => (await command('tar', ['tf', join(folder, name)])).stdout.split('\n').sort();
  await ok(['export', '-o', join(folder, 'running.tar'), id]);
  await ok(['stop', '-t', '0', id]);
  const piped = await command('sh', ['-c', `'${berthScript}' export ${id} > '${folder}/ended.tar'`]);
  assert.equal(piped.code, 0, piped.stderr);
  const [running, ended] = [await list('running.tar'), await list('ended.tar')];
  assert.deepEqual(running, ended);
  for (const path of ['file', 'bin/busybox', 'volume/', 'scratch/', 'etc/passwd'])
    assert.ok(running.includes(path), path);
  assert.deepEqual(
    running.filter((path) => /^(volume|scratch|proc|sys|dev)\/./.test(path)),
    [],
  );
  await command('tar', ['xf', join(folder, 'running.tar'), '-C', folder, 'file']);
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'a\n');
});
