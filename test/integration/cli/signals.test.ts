import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { frameKind } from '../../../guest-agent/protocol/index.ts';
import { encodeExit, encodeFrame } from '../../../app/contract/index.ts';
import { fakeHost, nodeArguments, runningEngine, type FakeHost } from '../../support/cli.ts';
import { containerInfo } from '../../support/container-info.ts';
import { until } from '../../support/until.ts';

const exit = (code: number): Uint8Array => encodeFrame(frameKind.exit, encodeExit(code, 0));

/** A process that is told signals, and ends by the one that is named. */
class Program {
  readonly seen: string[] = [];
  #stream: Duplex | undefined;
  readonly #ends: string;

  constructor(ends: string) {
    this.#ends = ends;
  }

  /** Its input is never read. */
  serve(stream: Duplex): void {
    this.#stream = stream.on('error', () => undefined);
    stream.write(encodeFrame(frameKind.stdout, Buffer.from('ready\n')));
  }

  tell(whom: string, signal: string): Promise<Record<string, never>> {
    this.seen.push(`${whom} ${signal}`);
    if (signal === this.#ends) this.#stream?.end(exit(143));
    return Promise.resolve({});
  }
}

async function host(t: TestContext, program: Program): Promise<FakeHost> {
  const stream = () => Promise.resolve({ stream: made.offer((bytes) => program.serve(bytes)) });
  const box = containerInfo('box', { openStdin: true });
  const made: FakeHost = await fakeHost(t, {
    engine: { ...runningEngine, shell: stream, signalShell: ({ signal }) => program.tell('shell', signal) },
    containers: {
      create: () => Promise.resolve({ id: 'c1', name: 'c1', warnings: [] }),
      inspect: () => Promise.resolve({ ...box, state: { status: 'running', pid: 1, startedAt: '0' } }),
      start: stream,
      attach: stream,
      kill: ({ id, signal }) => program.tell(id, signal),
    },
    execs: {
      create: () => Promise.resolve({ id: 'e1' }),
      start: stream,
      kill: ({ id, signal }) => program.tell(id, signal),
    },
    guest: { unshare: async () => ({ id: 'u1', ...(await stream()) }) },
  });
  return made;
}

/** The command, once it is joined with the program. */
async function joined(t: TestContext, { env }: FakeHost, args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore') {
  const child = spawn(process.execPath, nodeArguments(...args), {
    env: { ...process.env, ...env },
    stdio: [stdin, 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close') as Promise<[number | null]>;
  if (child.stdout === null) throw new Error('there is no output');
  await once(child.stdout, 'data');
  return { child, code: async () => (await closed)[0] };
}

/** Sends input that nobody takes until no more of it fits. */
async function fill({ stdin }: ChildProcess): Promise<void> {
  if (stdin === null) throw new Error('there is no input');
  stdin.on('error', () => undefined).write(Buffer.alloc(4 * 2 ** 20, 'y'));
  let before = -1;
  await until('the input to be held back', () => {
    const held = stdin.writableLength === before;
    before = stdin.writableLength;
    return held;
  });
}

describe('signals', () => {
  for (const [args, whom] of [
    [['run', '-i', 'x'], 'c1'],
    [['start', '-ai', 'box'], 'box'],
    [['attach', 'box'], 'box'],
    [['ssh', '--', 'x'], 'shell'],
    [['unshare', 'x'], 'u1'],
  ] as const) {
    it(`${args[0]} passes them on, in order`, async (t) => {
      const program = new Program('SIGTERM');
      const { child, code } = await joined(t, await host(t, program), args);
      child.kill('SIGINT');
      await until('the first signal', () => program.seen.length === 1);
      child.kill('SIGTERM');
      assert.equal(await code(), 143);
      assert.deepEqual(program.seen, [`${whom} SIGINT`, `${whom} SIGTERM`]);
    });

    it(`${args[0]} passes them on while its input is blocked`, async (t) => {
      const program = new Program('SIGINT');
      const { child, code } = await joined(t, await host(t, program), args, 'pipe');
      await fill(child);
      child.kill('SIGINT');
      assert.equal(await code(), 143);
    });
  }

  it('end an exec’s command, not the process', async (t) => {
    const program = new Program('');
    const made = await host(t, program);
    const { child, code } = await joined(t, made, ['exec', 'box', 'x']);
    child.kill('SIGTERM');
    assert.deepEqual([await code(), child.signalCode, program.seen], [null, 'SIGTERM', []]);
  });
});
