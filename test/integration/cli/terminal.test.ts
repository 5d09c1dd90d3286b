import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { EngineError } from '../../../app/base/error.ts';
import { frameKind } from '../../../guest-agent/protocol/index.ts';
import { FrameDecoder, decodeSize, encodeExit, encodeFrame } from '../../../app/contract/index.ts';
import { fakeHost, nodeArguments, runningEngine, type FakeApi, type FakeHost } from '../../support/cli.ts';
import { containerInfo } from '../../support/container-info.ts';
import { terminal } from '../../support/terminal.ts';
import { until } from '../../support/until.ts';

const python = spawnSync('python3', ['-c', 'import pty']).status === 0;
const skip = python ? false : 'python3 with its pty module is needed for a pseudo-terminal';

/** What the command sent: keys, sizes. A key `x` ends the program with code 5. */
interface Seen {
  keys: string;
  readonly sizes: string[];
  gone: boolean;
}

function program(seen: Seen): (stream: Duplex) => void {
  return (stream) => {
    const decoder = new FrameDecoder();
    stream.on('error', () => undefined).on('close', () => (seen.gone = true));
    stream.on('data', (chunk: Buffer) => {
      for (const { kind, payload } of decoder.push(chunk)) {
        if (kind === frameKind.resize) seen.sizes.push(Object.values(decodeSize(payload)).join('x'));
        if (kind !== frameKind.stdin) continue;
        seen.keys += Buffer.from(payload).toString('latin1');
        stream.write(encodeFrame(frameKind.stdout, Buffer.from(`<${Buffer.from(payload).toString('hex')}>`)));
        if (seen.keys.endsWith('x')) stream.end(encodeFrame(frameKind.exit, encodeExit(5, 0)));
      }
    });
    stream.write(encodeFrame(frameKind.stdout, Buffer.from('prompt> ')));
  };
}

async function host(t: { after(fn: () => Promise<void>): void }, seen: Seen, more: FakeApi = {}): Promise<FakeHost> {
  const attach = () => Promise.resolve({ stream: made.offer(program(seen)) });
  const box = containerInfo('box', { tty: true, openStdin: true });
  const made: FakeHost = await fakeHost(t, {
    engine: runningEngine,
    containers: {
      create: () => Promise.resolve({ id: 'c1', name: 'c1', warnings: [] }),
      start: attach,
      attach,
      inspect: () => Promise.resolve({ ...box, state: { status: 'running', pid: 1, startedAt: '0' } }),
    },
    ...more,
  });
  return made;
}

/** The command in a shell on a pseudo-terminal; what the terminal's settings were before and after is printed. */
function inShell(env: Record<string, string>, ...args: string[]) {
  const script = 'before=$(stty -g); "$0" "$@"; code=$?; [ "$before" = "$(stty -g)" ] && echo "restored $code"';
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return terminal('env', [...variables, 'sh', '-c', script, process.execPath, ...nodeArguments(...args)], {
    rows: 30,
    columns: 100,
  });
}

describe('on a terminal', { skip }, () => {
  it('sends each key as it is, sizes as they change, and puts the terminal back', async (t) => {
    const seen: Seen = { keys: '', sizes: [], gone: false };
    const screen = inShell((await host(t, seen)).env, 'run', '-it', 'busybox');
    t.after(() => screen.kill());
    await screen.seen(/prompt> /);
    assert.deepEqual(seen.sizes, ['30x100']);
    screen.type('\u0003');
    await screen.seen(/<03>/);
    screen.type('a\u0010b');
    await screen.seen(/<61>.*<1062>|<611062>/);
    screen.resize(40, 120);
    await until('the new size', () => seen.sizes.includes('40x120'));
    screen.type('x');
    await screen.seen(/restored 5/);
    assert.equal(seen.keys, '\u0003a\u0010bx');
  });

  it('leaves by ctrl-p ctrl-q, and puts the terminal back', async (t) => {
    const seen: Seen = { keys: '', sizes: [], gone: false };
    const screen = inShell((await host(t, seen)).env, 'attach', 'box');
    t.after(() => screen.kill());
    await screen.seen(/prompt> /);
    screen.type('a\u0010\u0011');
    await screen.seen(/restored 0/);
    assert.equal(seen.keys, 'a');
    await until('the stream to be closed', () => seen.gone);
  });

  it('leaves by keys of one’s own', async (t) => {
    const seen: Seen = { keys: '', sizes: [], gone: false };
    const screen = inShell((await host(t, seen)).env, 'run', '-it', '--detach-keys', 'ctrl-a,d', 'busybox');
    t.after(() => screen.kill());
    await screen.seen(/prompt> /);
    screen.type('\u0010\u0011');
    await screen.seen(/<1011>|<10><11>/);
    screen.type('\u0001d');
    await screen.seen(/restored 0/);
  });

  it('puts the terminal back when the service dies', async (t) => {
    const seen: Seen = { keys: '', sizes: [], gone: false };
    const streams: Duplex[] = [];
    const made: FakeHost = await fakeHost(t, {
      engine: runningEngine,
      containers: {
        create: () => Promise.resolve({ id: 'c1', name: 'c1', warnings: [] }),
        start: () =>
          Promise.resolve({
            stream: made.offer((stream) => {
              streams.push(stream);
              program(seen)(stream);
            }),
          }),
        wait: () => Promise.resolve({ exitCode: 137 }),
      },
    });
    const screen = inShell(made.env, 'run', '-it', 'busybox');
    t.after(() => screen.kill());
    await screen.seen(/prompt> /);
    streams[0]?.destroy();
    await screen.seen(/restored 137/);
  });

  it('shows the start of the engine in one line that goes away, and hints on a line of their own', async (t) => {
    const state = { status: 'starting', stage: 'kernel', detail: 'booting the kernel', sinceMs: 1 } as const;
    const made: FakeHost = await fakeHost(t, {
      engine: {
        state: () => Promise.resolve({ status: 'stopped' }),
        start: () => {
          made.emit({ kind: 'engine', machine: 'default', state });
          return runningEngine.state();
        },
      },
      containers: { create: () => Promise.reject(new EngineError('disk-full', 'Full.', { hint: 'Make room.' })) },
    });
    const screen = inShell(made.env, 'create', 'busybox');
    t.after(() => screen.kill());
    const wiped = 'Starting the engine: booting the kernel\\r\u001b\\[2K';
    await screen.seen(new RegExp(`${wiped}berth: Full\\.\\r\\n {2}hint: Make room\\.\\r\\nrestored 125`));
  });
});
