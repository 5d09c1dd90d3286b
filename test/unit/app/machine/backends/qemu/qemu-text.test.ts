import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { ConsoleFollower } from '../../../../../../app/machine/backends/qemu/console.ts';
import { parseUsernet } from '../../../../../../app/machine/backends/qemu/host-forwards.ts';
import { startFailure } from '../../../../../../app/machine/backends/qemu/launch.ts';

test('the forwardings are read from `info usernet`', () => {
  const text = [
    'Hub -1 (net0):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[HOST_FORWARD]  13       127.0.0.1 18080       10.0.2.15    80     0     0',
    '  TCP[ESTABLISHED]   17       127.0.0.1 46023       10.0.2.15    22     0     0',
    '  TCP[HOST_FORWARD]  12               * 46023       10.0.2.15    22     0     0',
    '  UDP[HOST_FORWARD]  14       127.0.0.1  5353       10.0.2.15 20001     0     0',
    '  UDP[236 sec]       49       10.0.2.15 49154    192.168.2.1     53     0     0',
  ].join('\r\n');
  assert.deepEqual(parseUsernet(text), [
    { protocol: 'tcp', host: '127.0.0.1', hostPort: 18080, guestPort: 80 },
    { protocol: 'tcp', host: '0.0.0.0', hostPort: 46023, guestPort: 22 },
    { protocol: 'udp', host: '127.0.0.1', hostPort: 5353, guestPort: 20_001 },
  ]);
  assert.deepEqual(parseUsernet(''), []);
});

for (const [messages, code] of [
  ['qemu: -drive file=x: Failed to get "write" lock\nIs another process using the image [x]?', 'in-use'],
  ["qemu: cannot set up guest memory 'ram': Cannot allocate memory", 'no-memory'],
  ['qemu: invalid accelerator xen', 'boot-failed'],
  ['', 'boot-failed'],
])
  test(`QEMU's last words ${JSON.stringify(messages)} mean ${code}`, () => {
    assert.equal(startFailure(messages ?? '').code, code);
  });

test('the console is followed by lines, whatever the pieces it comes in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-console-'));
  const source = new PassThrough();
  using follower = new ConsoleFollower(source, join(folder, 'console.log'), 'a boot');
  const lines: string[] = [];
  follower.onLine((line) => lines.push(line));
  const seen = follower.saw('stage kernel-userland', new AbortController().signal);
  for (const piece of ['[ 0.0] Linux\r', '\nberth: stage ker', 'nel-userland\r\n', 'login: ']) source.write(piece);
  await seen;
  await follower.saw('Linux', new AbortController().signal);
  assert.deepEqual(lines, ['[ 0.0] Linux', 'berth: stage kernel-userland']);
  assert.equal(follower.tail(2), 'berth: stage kernel-userland\nlogin: ');
  assert.match(await readFile(join(folder, 'console.log'), 'utf8'), /^--- a boot\n\[ 0\.0\] Linux\r\nberth: stage/);
  await rm(folder, { recursive: true });
});

test('waiting for a line ends with the signal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-console-'));
  using follower = new ConsoleFollower(new PassThrough(), join(folder, 'console.log'), 'a boot');
  const stop = new AbortController();
  const waiting = follower.saw('never', stop.signal);
  stop.abort();
  await assert.rejects(waiting);
  await rm(folder, { recursive: true });
});
