import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { archiveBytes, encodeExit, encodeFrame, FrameDecoder, sendArchive } from '../../../../app/contract/index.ts';
import { frameKind } from '../../../../guest-agent/protocol/index.ts';

const out = (text: string): Uint8Array => encodeFrame(frameKind.stdout, Buffer.from(text));
const failure = (text: string): Uint8Array => encodeFrame(frameKind.stderr, Buffer.from(text));
const exit = (code: number): Uint8Array => encodeFrame(frameKind.exit, encodeExit(code, 0));

async function* stream(...frames: Uint8Array[]): AsyncGenerator<Uint8Array> {
  // On boundaries that are nobody's.
  for (const byte of Buffer.concat(frames)) yield await Promise.resolve(Uint8Array.of(byte));
}

async function read(...frames: Uint8Array[]): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of archiveBytes(stream(...frames))) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

test('the archive’s bytes come whole', async () => {
  assert.equal(await read(out('one'), out('two'), exit(0)), 'onetwo');
});

for (const [name, frames, wanted] of [
  ['a failure on the way', [out('x'), failure('2 open /näme'), exit(1)], { code: 'no-such-path', message: /\/näme/ }],
  ['a full disk', [failure('28 write a/b'), exit(1)], { code: 'disk-full', message: /a\/b/ }],
  [
    'a hostile archive',
    [failure('0 outside ../x'), exit(1)],
    { code: 'invalid-argument', message: /\.\.\/x leads out/ },
  ],
  ['a word that is unknown', [failure('0 whatever x'), exit(1)], { code: 'operation-failed' }],
  ['an errno that is unknown', [failure('5 read x'), exit(1)], { code: 'operation-failed', message: /read of x .*5/ }],
  ['a signal', [out('x'), exit(137)], { code: 'operation-failed' }],
  ['an end before the exit', [out('x')], { code: 'operation-failed', message: /broken off/ }],
] as const)
  test(`${name} is an error`, async () => {
    await assert.rejects(read(...frames), wanted);
  });

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at += 1) yield await Promise.resolve(Buffer.alloc(100_000, at));
}

test('an archive is sent in frames with its end, and its outcome awaited', async () => {
  const [near, far] = duplexPair();
  const sent = sendArchive(near, pieces(8));
  const decoder = new FrameDecoder();
  let bytes = 0;
  far.on('data', (chunk: Buffer) => {
    const frames = decoder.push(chunk);
    assert.ok(frames.every(({ kind }) => kind === frameKind.stdin));
    bytes += frames.reduce((sum, { payload }) => sum + payload.length, 0);
    if (frames.some(({ payload }) => payload.length === 0)) far.write(exit(0));
  });
  await sent;
  assert.equal(bytes, 800_000);
});

test('a refusal ends the sending, also while nobody reads', async () => {
  const [near, far] = duplexPair();
  far.write(failure('30 open /etc'));
  far.write(exit(1));
  await assert.rejects(sendArchive(near, pieces(1_000_000)), { code: 'permission-denied', message: /read-only/ });
});
