import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { berth, berthScript, detached, guest, inspect, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

test('exit codes and signals are as Docker tells them', async () => {
  for (const [script, code] of [
    ['exit 0', 0],
    ['exit 42', 42],
    ['kill -TERM $$', 143],
    ['kill -KILL $$; sleep 10', 137],
  ] as const) {
    const { code: seen } = await berth(['run', '--rm', '--init', 'busybox', 'sh', '-c', script]);
    assert.equal(seen, code, script);
  }
  await refused(['run', '--rm', 'busybox', 'no-such-program'], 127, /no-such-program/);
  await refused(['run', '--rm', 'busybox', '/etc/passwd'], 126, /\/etc\/passwd/);
  assert.equal((await berth(['ps', '-aq', '--filter', 'status=created'])).stdout, '', 'nothing is left behind');
});

test('stdin, stdout and stderr are kept apart and whole', async () => {
  const input = Buffer.alloc(3_000_000, 'berth\n');
  const copied = await berth(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo done >&2'], { input });
  assert.equal(copied.code, 0, copied.stderr);
  assert.equal(copied.stdout.length, input.length);
  assert.equal(copied.stderr, 'done\n');
});

test('create, start, attach, stop, restart, kill, wait, rename, rm', async (t) => {
  const id = await ok([
    'create',
    '--name',
    'lifer',
    '-i',
    'busybox',
    'sh',
    '-c',
    'trap "exit 3" TERM; while read line; do echo "<$line>"; done; while :; do sleep 0.05; done',
  ]);
  t.after(() => berth(['rm', '-f', id]));
  assert.equal(await inspect('lifer', '{{.State.Status}}'), 'created');
  await ok(['start', 'lifer']);
  assert.equal(await inspect('lifer', '{{.State.Status}}'), 'running');
  await refused(['rm', 'lifer'], 1, /running/);
  await ok(['rename', 'lifer', 'renamed']);
  await refused(['create', '--name', 'renamed', 'busybox', 'true'], 125, /renamed/);
  const attached = spawn(berthScript, ['attach', 'renamed'], { stdio: ['pipe', 'pipe', 'inherit'] });
  attached.stdin.write('hello\n');
  const [said] = (await once(attached.stdout, 'data')) as [Buffer];
  assert.equal(said.toString(), '<hello>\n');
  attached.kill('SIGKILL');
  await ok(['restart', '-t', '5', 'renamed']);
  assert.equal(await inspect('renamed', '{{.State.Status}}'), 'running');
  const caught = async () =>
    /[4-7c-f][0-9a-f]{3}$/.test(await ok(['exec', 'renamed', 'grep', 'SigCgt', '/proc/1/status']));
  await until('its trap is set again', caught);
  await ok(['stop', '-t', '30', 'renamed']);
  assert.equal(await inspect('renamed', '{{.State.ExitCode}}'), '3');
  await ok(['start', 'renamed']);
  await ok(['kill', '-s', 'KILL', 'renamed']);
  assert.equal(await ok(['wait', 'renamed']), '137');
});

test('stop kills after its timeout', async (t) => {
  const id = await detached(t, [], ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done']);
  await until('trap is set', async () => (await ok(['logs', id])).includes('ready'));
  await ok(['stop', '-t', '1', id]);
  assert.equal(await inspect(id, '{{.State.ExitCode}}'), '137');
});

test('pause freezes, unpause thaws', async (t) => {
  const id = await detached(t, [], ['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
  await ok(['pause', id]);
  assert.equal(await inspect(id, '{{.State.Status}}'), 'paused');
  assert.match(await guest(`cat $(find /sys/fs/cgroup -type d -name '*${id}*' | head -1)/cgroup.events`), /frozen 1/);
  await refused(['exec', id, 'true'], 1, /paused/);
  await ok(['unpause', id]);
  const before = (await ok(['logs', id])).length;
  await until('it ticks again', async () => (await ok(['logs', id])).length > before);
});

test('logs: tail, since, time stamps, follow, both streams', async (t) => {
  const id = await detached(
    t,
    [],
    ['sh', '-c', 'for i in 1 2 3; do echo out$i; echo err$i >&2; done; sleep 1; echo late'],
  );
  await ok(['wait', id]);
  const all = await berth(['logs', id]);
  assert.equal(all.stdout, 'out1\nout2\nout3\nlate\n');
  assert.equal(all.stderr, 'err1\nerr2\nerr3\n');
  assert.equal(await ok(['logs', '--tail', '1', id]), 'late');
  const stamped = (await ok(['logs', '-t', id])).split('\n');
  assert.match(stamped[0] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z out1$/);
  const time = (stamped.at(-1) ?? '').split(' ')[0] ?? '';
  assert.equal(await ok(['logs', '--since', time, id]), 'late');
  const follower = await detached(
    t,
    [],
    ['sh', '-c', 'i=0; while [ $i -lt 50 ]; do echo line$i; i=$((i+1)); sleep 0.01; done'],
  );
  assert.equal((await ok(['logs', '-f', follower])).split('\n').length, 50, 'follow ends with the container');
});

test('logs are rotated: a container that prints for ever cannot fill the disk', async (t) => {
  const id = await detached(t, ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=2'], ['sh', '-c', 'seq 1 200000']);
  await ok(['wait', id]);
  const used = Number((await guest(`cat /var/lib/berth/containers/${id}/log* | wc -c`)).trim());
  assert.ok(used > 50_000 && used < 350_000, String(used));
  assert.equal(await ok(['logs', '--tail', '1', id]), '200000');
});

test('a terminal: size, resize, echo, exit code', async (t) => {
  const id = await detached(t, ['-t', '-i'], ['sh']);
  assert.match(await ok(['exec', id, 'sh', '-c', 'ls -l /proc/1/fd/0']), /\/dev\/pts\/0|\/dev\/console/);
  const { terminal } = await import('../support/terminal.ts');
  const session = terminal(berthScript, ['run', '--rm', '-it', 'busybox', 'sh'], {
    rows: 33,
    columns: 101,
  });
  t.after(() => session.kill());
  await session.seen(/# /);
  session.type('stty size; tty\n');
  await session.seen(/33 101\r+\n\/dev\/pts\/0/);
  session.resize(20, 70);
  // What is typed comes back, too, and must not look like the answer.
  session.type('until stty size | grep "20 7[0]"; do :; done\n');
  await session.seen(/20 70/);
  session.type('exit 5\n');
  assert.equal(await session.exited, 5);
});

test('exec: exit code, stdin, terminal, environment of the container', async (t) => {
  const id = await detached(t, ['-e', 'FROM=container', '--hostname', 'target'], ['sleep', '1000']);
  assert.equal((await berth(['exec', id, 'sh', '-c', 'exit 9'])).code, 9);
  assert.equal(await ok(['exec', '-i', id, 'cat'], { input: 'piped' }), 'piped');
  assert.equal(await ok(['exec', id, 'sh', '-c', 'hostname; echo $FROM']), 'target\ncontainer');
  assert.equal((await berth(['exec', id, 'not-there'])).code, 127);
  assert.equal((await berth(['exec', id, '/etc/passwd'])).code, 126);
  await ok(['exec', '-d', id, 'touch', '/made']);
  await until('the detached command ran', () => ok(['exec', id, 'ls', '/made']));
  const { terminal } = await import('../support/terminal.ts');
  const session = terminal(berthScript, ['exec', '-it', id, 'sh'], { rows: 24, columns: 80 });
  t.after(() => session.kill());
  await session.seen(/# /);
  session.type('tty; exit 4\n');
  await session.seen(/\/dev\/pts\/\d/);
  assert.equal(await session.exited, 4);
});

test('top, ps, prune', async (t) => {
  const id = await detached(t, ['--name', 'topped', '-l', 'kind=test'], ['sleep', '777']);
  assert.match(await ok(['top', 'topped']), /sleep 777/);
  assert.equal(await ok(['ps', '-q', '--no-trunc', '--filter', 'label=kind=test']), id);
  assert.match(await ok(['ps', '--format', '{{.Names}} {{.Image}} {{.Status}}']), /topped busybox Up /);
  const ended = await ok(['create', 'busybox', 'true']);
  assert.match(await ok(['container', 'prune', '-f']), new RegExp(ended));
  await refused(['inspect', ended], 1, new RegExp(ended.slice(0, 12)));
  assert.equal(await inspect(id, '{{.State.Status}}'), 'running');
});
