import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { frameKind } from '../../../guest-agent/protocol/index.ts';
import { FrameDecoder, encodeExit, encodeFrame, type Frame } from '../../../app/contract/index.ts';
import { command } from '../../support/berth.ts';
import { fakeHost, nodeArguments, runningEngine, type FakeApi, type FakeHost } from '../../support/cli.ts';
import { containerInfo } from '../../support/container-info.ts';
import { until } from '../../support/until.ts';

const text = (kind: number, words: string): Uint8Array => encodeFrame(kind, Buffer.from(words));
const exit = (code: number, signal = 0): Uint8Array => encodeFrame(frameKind.exit, encodeExit(code, signal));

/** Calls back for each frame that the command sends. */
function onFrames(stream: Duplex, take: (frame: Frame) => void): void {
  const decoder = new FrameDecoder();
  stream.on('data', (chunk: Buffer) => decoder.push(chunk).forEach(take)).on('error', () => undefined);
}

/** A host on which any container runs and its stream is served by the function. */
async function running(
  t: { after(fn: () => Promise<void>): void },
  serve: (stream: Duplex) => void,
  more: FakeApi['containers'] = {},
): Promise<FakeHost> {
  const start = () => Promise.resolve({ stream: host.offer(serve) });
  const host: FakeHost = await fakeHost(t, {
    engine: { ...runningEngine, shell: () => Promise.resolve({ stream: host.offer(serve) }) },
    containers: {
      create: () => Promise.resolve({ id: 'c1', name: 'c1', warnings: ['watch out'] }),
      start,
      attach: () => Promise.resolve({ stream: host.offer(serve) }),
      ...more,
    },
    execs: { create: () => Promise.resolve({ id: 'e1' }), start },
    guest: { unshare: () => Promise.resolve({ id: 'u1', stream: host.offer(serve) }) },
  });
  return host;
}

describe('standard streams', () => {
  it('keeps the outputs apart and passes the exit code on', async (t) => {
    const host = await running(t, (stream) => {
      stream.write(text(frameKind.stdout, 'out\n'));
      stream.write(text(frameKind.stderr, 'err\n'));
      stream.end(exit(42));
    });
    const outcome = await command(process.execPath, nodeArguments('run', 'x'), host);
    assert.deepEqual(outcome, { code: 42, stdout: 'out\n', stderr: 'warning: watch out\nerr\n' });
  });

  for (const args of [
    ['exec', '-i', 'c', 'cat'],
    ['ssh', '--', 'cat'],
    ['unshare', '--pid', 'cat'],
    ['run', '-i', 'x'],
  ])
    it(`${args[0] ?? ''} sends standard input and its end, any bytes, both ways`, async (t) => {
      const host = await running(t, (stream) =>
        onFrames(stream, ({ kind, payload }) => {
          if (kind !== frameKind.stdin) return;
          if (payload.length === 0) stream.end(exit(0));
          else stream.write(encodeFrame(frameKind.stdout, payload));
        }),
      );
      const input = 'é\0x\n'.repeat(60_000);
      const outcome = await command(process.execPath, nodeArguments(...args), { ...host, input });
      assert.equal(outcome.code, 0, outcome.stderr);
      assert.equal(outcome.stdout === input, true, `${outcome.stdout.length} of ${input.length} characters`);
    });

  it('takes frames in any pieces', async (t) => {
    const bytes = Buffer.concat([text(frameKind.stdout, 'hello '), text(frameKind.stdout, 'world'), exit(3)]);
    const host = await running(t, (stream) => {
      for (const byte of bytes) stream.write(Uint8Array.of(byte));
      stream.end();
    });
    const outcome = await command(process.execPath, nodeArguments('exec', 'c', 'x'), host);
    assert.deepEqual([outcome.code, outcome.stdout], [3, 'hello world']);
  });

  it('asks for the exit code when the stream ends without one', async (t) => {
    const host = await running(t, (stream) => stream.end(text(frameKind.stdout, 'cut')), {
      wait: ({ condition }) => Promise.resolve({ exitCode: condition === 'not-running' ? 9 : 0 }),
    });
    const outcome = await command(process.execPath, nodeArguments('run', 'x'), host);
    assert.deepEqual([outcome.code, outcome.stdout], [9, 'cut']);
  });

  it('waits when nobody reads: no output is lost or piled up', async (t) => {
    const size = 64 * 1024 * 1024;
    let sent = 0;
    const host = await running(t, (stream) => {
      stream.on('error', () => undefined);
      const block = encodeFrame(frameKind.stdout, Buffer.alloc(65_536, 120));
      const more = (): void => {
        while (sent < size) {
          sent += 65_536;
          if (!stream.write(block)) return void stream.once('drain', more);
        }
        stream.end(exit(0));
      };
      more();
    });
    const child = spawn(process.execPath, nodeArguments('run', 'x'), {
      env: { ...process.env, ...host.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'readable');
    let before = -1;
    await until('the sender to be held back', () => {
      const held = sent === before;
      before = sent;
      return held;
    });
    assert(sent < size / 2, `${sent} bytes were taken while nobody read`);
    let got = 0;
    child.stdout.on('data', (chunk: Buffer) => (got += chunk.length));
    const [code] = (await once(child, 'close')) as [number];
    assert.deepEqual([got, code], [size, 0]);
  });

  it('ends quietly when the reader of its output leaves', async (t) => {
    const host = await running(t, (stream) => {
      const block = text(frameKind.stdout, 'y\n'.repeat(1000));
      const more = (): void => {
        while (!stream.destroyed) if (!stream.write(block)) return void stream.once('drain', more);
      };
      stream.on('error', () => undefined);
      more();
    });
    const line = `"$0" "$@" | head -n 1; echo "$\{PIPESTATUS[0]}"`;
    const outcome = await command('bash', ['-c', line, process.execPath, ...nodeArguments('exec', 'c', 'yes')], host);
    assert.deepEqual([outcome.stdout, outcome.stderr], ['y\n141\n', '']);
  });
});

describe('logs', () => {
  const record = (kind: number, time: bigint, words: string): Uint8Array => {
    const payload = Buffer.alloc(8 + Buffer.byteLength(words));
    payload.writeBigUInt64LE(time);
    payload.write(words, 8);
    return encodeFrame(kind, payload);
  };
  const time = 1_767_225_600_123_456_789n;

  it('asks for what was asked, and shows times at line starts', async (t) => {
    const asked: unknown[] = [];
    let last: Uint8Array = encodeFrame(frameKind.whole, Buffer.of());
    const serve = (stream: Duplex): void => {
      stream.write(record(frameKind.stdout, time, 'one\ntw'));
      stream.write(record(frameKind.stderr, time, 'bad\n'));
      stream.write(record(frameKind.stdout, time + 1n, 'o\n'));
      stream.end(last);
    };
    const host: FakeHost = await running(t, serve, {
      logs: (params) => {
        asked.push(params);
        return Promise.resolve({ stream: host.offer(serve) });
      },
    });
    const args = ['logs', '-ft', '--tail', '5', '--since', '1700000000', 'web'];
    const outcome = await command(process.execPath, nodeArguments(...args), host);
    const stamp = '2026-01-01T00:00:00.123456789Z';
    assert.equal(outcome.stdout, `${stamp} one\n${stamp} two\n`);
    assert.equal(outcome.stderr, `${stamp} bad\n`);
    const wanted = { id: 'web', follow: true, stdout: true, stderr: true, since: '1700000000000000000', tail: 5 };
    assert.deepEqual([outcome.code, asked], [0, [wanted]]);
    last = Buffer.of();
    const broken = await command(process.execPath, nodeArguments(...args), host);
    assert.deepEqual([broken.code, broken.stdout], [1, outcome.stdout]);
    assert.match(broken.stderr, /broke before the end of the log/);
  });
});

describe('attach', () => {
  it('refuses a container that does not run', async (t) => {
    const host = await running(t, () => undefined, { inspect: () => Promise.resolve(containerInfo('web')) });
    const outcome = await command(process.execPath, nodeArguments('attach', 'web'), host);
    assert.equal(outcome.code, 1);
    assert.equal(outcome.stderr, 'berth: web is not running: it is created. — Start it with "berth start -a web".\n');
  });
});
