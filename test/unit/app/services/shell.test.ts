import assert from 'node:assert/strict';
import { duplexPair, PassThrough } from 'node:stream';
import { test } from 'node:test';
import { frameKind } from '../../../../guest-agent/protocol/index.ts';
import { readAll } from '../../../../app/base/streams.ts';
import { FrameDecoder, decodeExit, encodeFrame, encodeSize } from '../../../../app/contract/index.ts';
import type { Session } from '../../../../app/services/session.ts';
import { shellCommand } from '../../../../app/services/shell-command-spec.ts';
import { Shells } from '../../../../app/services/shell.ts';
import { StreamTokens } from '../../../../app/services/stream-tokens.ts';
import { until } from '../../../support/until.ts';

test('words reach a POSIX shell as they are', () => {
  assert.equal(shellCommand(['ls', '-l', '/a b']), "ls -l '/a b'");
  assert.equal(shellCommand(["it's", '$HOME', '']), "'it'\\''s' '$HOME' ''");
  assert.match(shellCommand([]), /-l$/);
});

test('a process of the guest is a stream of stdio frames with its exit at the end', async () => {
  const [stdio, far] = duplexPair();
  const stderr = new PassThrough();
  const exit = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  const sizes: object[] = [];
  const signals: string[] = [];
  const process = {
    ...{ stdio, stderr, exited: exit.promise },
    resize: (size: object) => void sizes.push(size),
    signal: (name: string) => void signals.push(name),
  };
  const commands: unknown[] = [];
  const exec = (command: string, options: object) => {
    commands.push([command, options]);
    return Promise.resolve(process);
  };
  const tokens = new StreamTokens();
  const session = { transport: () => ({ exec }) } as unknown as Session;
  const shells = new Shells(tokens);
  const token = await shells.open(session, { argv: ['cat'], tty: true, rows: 5, columns: 7 });
  assert.deepEqual(commands, [['cat', { terminal: { rows: 5, columns: 7, term: 'xterm-256color' } }]]);
  const [near, client] = duplexPair();
  tokens.take(token)?.(near);
  assert.equal(tokens.take(token), undefined);
  client.write(encodeFrame(frameKind.resize, encodeSize(50, 132)));
  shells.signal(token, 'SIGUSR2');
  client.write(encodeFrame(frameKind.stdin, Buffer.from('typed')));
  client.write(encodeFrame(frameKind.stdin, new Uint8Array(0)));
  assert.equal((await readAll(far, 100)).toString(), 'typed');
  assert.deepEqual([sizes, signals], [[{ rows: 50, columns: 132 }], ['USR2']]);
  far.end('shown');
  stderr.end('told');
  exit.resolve({ code: null, signal: 'TERM' });
  const frames = new FrameDecoder().push(await readAll(client, 1000));
  const text = (kind: number) =>
    frames.filter((frame) => frame.kind === kind).map(({ payload }) => Buffer.from(payload).toString());
  assert.deepEqual([text(frameKind.stdout), text(frameKind.stderr)], [['shown'], ['told']]);
  assert.deepEqual(decodeExit(frames.at(-1)?.payload ?? new Uint8Array(0)), { exitCode: 143, signal: 15 });
  assert.throws(() => shells.signal(token, 'SIGINT'), { code: 'wrong-state' });
});

test('who hangs up ends the process', async () => {
  const [stdio] = duplexPair();
  const signals: string[] = [];
  const signal = (name: string) => void signals.push(name);
  const never = new Promise<never>(() => undefined);
  const process = { stdio, stderr: new PassThrough(), exited: never, resize: () => undefined, signal };
  const session = { transport: () => ({ exec: () => Promise.resolve(process) }) } as unknown as Session;
  const tokens = new StreamTokens();
  const token = await new Shells(tokens).open(session, { argv: ['sleep', '9'], tty: false, rows: 0, columns: 0 });
  const [near, client] = duplexPair();
  tokens.take(token)?.(near);
  client.end();
  await until('the process to be gone', () => stdio.destroyed);
  assert.deepEqual(signals, ['HUP']);
});

test('a transport that runs no commands says so', async () => {
  const session = { transport: () => ({}) } as unknown as Session;
  const opened = new Shells(new StreamTokens()).open(session, { argv: [], tty: false, rows: 0, columns: 0 });
  await assert.rejects(opened, { code: 'unsupported' });
});
