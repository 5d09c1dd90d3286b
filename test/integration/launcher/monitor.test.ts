import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { monitorFrame, encodeFrame, u32 } from '../../../guest-agent/effects/frames.ts';
import { launch } from '../../../guest-agent/effects/linux/launch.ts';
import {
  adopt,
  attach,
  readExit,
  readFrames,
  resize,
  signal,
} from '../../../guest-agent/effects/linux/monitor-client.ts';
import { encodePlan } from '../../../guest-agent/plan/wire.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { until } from '../../support/until.ts';
import { barePlan, runAttached, skip, startLauncher, type Fixture } from './fixture.ts';

const all = { stdin: true, stdout: true, stderr: true };

describe('a process under its monitor', { skip, timeout: 60_000 }, () => {
  let fixture: Fixture;
  before(async () => void (fixture = await startLauncher()));
  after(() => fixture.stop());

  test('its exit code is told and recorded, with the time', async () => {
    const plan = barePlan(fixture, { argv: ['sh', '-c', 'exit 3'] });
    const started = Date.now();
    const launched = await launch(fixture.launcher, plan);
    const exit = await launched.exited;
    assert.equal(exit?.exitCode, 3);
    assert.equal(exit.signal, 0);
    assert.deepEqual(readExit(plan.monitor.stateDir), exit);
    const finished = Number(BigInt(exit.finishedAt) / 1_000_000n);
    assert.ok(finished >= started - 1 && finished <= Date.now() + 1);
    assert.equal(existsSync(plan.monitor.socket), false);
  });

  test('a process ended by a signal has 128 + n', async () => {
    const plan = barePlan(fixture, { argv: ['sleep', '1000'] });
    const launched = await launch(fixture.launcher, plan);
    await signal(plan.monitor.socket, 9);
    assert.deepEqual(pick(await launched.exited), { exitCode: 137, signal: 9 });
  });

  test('stdin arrives whole and in order, and closes', async () => {
    const bytes = Buffer.alloc(300_000, 'abcdefghij\n');
    const frames: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 60_000)
      frames.push(encodeFrame(monitorFrame.stdin, bytes.subarray(at, at + 60_000)));
    frames.push(encodeFrame(monitorFrame.stdin));
    const ended = await runAttached(
      fixture,
      barePlan(fixture, { argv: ['cat'], openStdin: true }),
      Buffer.concat(frames),
    );
    assert.equal(ended.stdout, bytes.toString());
  });

  test('without open stdin the process reads nothing', async () => {
    assert.equal((await runAttached(fixture, barePlan(fixture, { argv: ['wc', '-c'] }))).stdout.trim(), '0');
  });

  test('stdinOnce closes stdin when the attached client leaves', async () => {
    const plan = barePlan(fixture, { argv: ['cat'], openStdin: true, stdinOnce: true });
    const launched = await launch(fixture.launcher, plan);
    const client = await attach(plan.monitor.socket, all);
    client.end(encodeFrame(monitorFrame.stdin, Buffer.from('kept')));
    assert.equal((await launched.exited)?.exitCode, 0);
    assert.equal(logged(plan.monitor.logPath), 'kept');
  });

  test('without stdinOnce a second client finds stdin open', async () => {
    const plan = barePlan(fixture, { argv: ['cat'], openStdin: true });
    const launched = await launch(fixture.launcher, plan);
    const first = await attach(plan.monitor.socket, all);
    first.write(encodeFrame(monitorFrame.stdin, Buffer.from('one ')));
    await new Promise<void>((resolve) => first.once('data', () => resolve()));
    first.destroy();
    const second = await attach(plan.monitor.socket, all);
    second
      .resume()
      .write(Buffer.concat([encodeFrame(monitorFrame.stdin, Buffer.from('two')), encodeFrame(monitorFrame.stdin)]));
    assert.equal((await launched.exited)?.exitCode, 0);
    assert.equal(logged(plan.monitor.logPath), 'one two');
  });

  test('output is lossless for a client that reads late', async () => {
    const plan = barePlan(fixture, { argv: ['dd', 'if=/dev/zero', 'bs=65536', 'count=100'], holdForAttach: true });
    let bytes = 0;
    let done: Promise<void> | undefined;
    const launched = await launch(fixture.launcher, plan, () => {
      done = attach(plan.monitor.socket, { ...all, stdin: false }).then((socket) =>
        readFrames(socket, ({ kind, payload }) => {
          if (kind === monitorFrame.stdout) bytes += payload.length;
        }),
      );
    });
    await Promise.all([done, launched.exited]);
    assert.equal(bytes, 6_553_600);
    assert.equal(logged(plan.monitor.logPath).slice(0, 6_553_600).length, 6_553_600);
  });

  test('a client that reads nothing holds the process up, and its leaving lets it go on', async () => {
    const plan = barePlan(fixture, { argv: ['dd', 'if=/dev/zero', 'bs=65536', 'count=100'], holdForAttach: true });
    const lazy = connectLater(() => plan.monitor.socket);
    const launched = await launch(fixture.launcher, plan, () =>
      lazy.go(encodeFrame(monitorFrame.attach, Buffer.of(2))),
    );
    const socket = await lazy.socket;
    await until('the process is held up', () => {
      const size = statSync(plan.monitor.logPath).size;
      return size > 0 && size < 6_553_600 && isStill(plan.monitor.logPath, size);
    });
    assert.equal(existsSync(join(plan.monitor.stateDir, 'exit')), false);
    socket.destroy();
    assert.equal((await launched.exited)?.exitCode, 0);
    assert.equal(logged(plan.monitor.logPath).slice(0, 6_553_600).length, 6_553_600);
  });

  test('the end is told while a client has still to take its output, and nothing of that is lost', async () => {
    const plan = barePlan(fixture, { argv: ['sh', '-c', 'read x; exec dd if=/dev/zero bs=65536'], openStdin: true });
    const launched = await launch(fixture.launcher, plan);
    const slow = await attach(plan.monitor.socket, all);
    slow.write(encodeFrame(monitorFrame.stdin, Buffer.from('\n')));
    await until('the process is held up', () => {
      const { size } = statSync(plan.monitor.logPath);
      return size > 0 && isStill(plan.monitor.logPath, size);
    });
    await signal(plan.monitor.socket, 9);
    assert.deepEqual(pick(await launched.exited), { exitCode: 137, signal: 9 });
    let bytes = 0;
    let exit: number | undefined;
    await readFrames(slow, ({ kind, payload }) => {
      if (kind === monitorFrame.stdout) bytes += payload.length;
      if (kind === monitorFrame.exit) exit = payload.readInt32LE(0);
    });
    assert.equal(exit, 137);
    assert.equal(bytes, logged(plan.monitor.logPath).length);
  });

  test('the log is rotated: no file over the limit, none too many', async () => {
    const plan = barePlan(fixture, {
      ...{
        argv: [
          'sh',
          '-c',
          'i=0; while [ $i -lt 300 ]; do echo "line $i ..........................."; i=$((i+1)); done',
        ],
      },
      ...{ logMaxBytes: 4096n, logMaxFiles: 3 },
    });
    await (
      await launch(fixture.launcher, plan)
    ).exited;
    const sizes = ['', '.1', '.2'].map((suffix) => statSync(plan.monitor.logPath + suffix).size);
    assert.ok(sizes.every((size) => size > 0 && size <= 4096));
    assert.equal(existsSync(`${plan.monitor.logPath}.3`), false);
    // A line may be cut where one file ends and the next begins.
    assert.match(logged(`${plan.monitor.logPath}.1`) + logged(plan.monitor.logPath), /\nline 299 \.{27}\n$/);
  });

  test('a log that cannot be written does not stop the process; what is lost is counted', async () => {
    const plan = barePlan(fixture, { argv: ['echo', 'lost'], logPath: '/dev/full' });
    const exit = await (await launch(fixture.launcher, plan)).exited;
    assert.equal(exit?.exitCode, 0);
    assert.equal(readFileSync(join(plan.monitor.stateDir, 'exit'), 'utf8').split(' ')[3], '5\n');
  });

  test('a new agent finds the process by its socket and hears its end; the launcher may be gone', async () => {
    const own = await startLauncher();
    const plan = barePlan(own, { argv: ['sleep', '1000'] });
    const first = await launch(own.launcher, plan);
    first.release();
    own.server.kill('SIGKILL');
    const again = await adopt(plan.monitor.socket);
    assert.equal(again?.pid, first.pid);
    await signal(plan.monitor.socket, 15);
    assert.deepEqual(pick(await again.exited), { exitCode: 143, signal: 15 });
    assert.equal(await adopt(plan.monitor.socket), undefined);
    own.stop();
  });

  test('attach, resize and signal say when the process has ended', async () => {
    const plan = barePlan(fixture, { argv: ['true'] });
    await (
      await launch(fixture.launcher, plan)
    ).exited;
    const ended = (error: unknown) => error instanceof EngineError && error.code === 'wrong-state';
    await assert.rejects(attach(plan.monitor.socket, all), ended);
    await assert.rejects(resize(plan.monitor.socket, { rows: 1, columns: 1 }), ended);
    await assert.rejects(signal(plan.monitor.socket, 1), ended);
  });

  test('a process in the background that holds the output does not keep the end from being told', async () => {
    const marker = join(fixture.folder, 'background');
    const plan = barePlan(fixture, {
      argv: [
        'sh',
        '-c',
        `(while [ ! -e ${marker} ]; do sleep 0.05; done; echo late; echo done > ${marker}2) & echo now`,
      ],
    });
    const exit = await (await launch(fixture.launcher, plan)).exited;
    assert.equal(exit?.exitCode, 0);
    writeFileSync(marker, '');
    await until(
      'the late line is logged',
      () => existsSync(`${marker}2`) && logged(plan.monitor.logPath) === 'now\nlate\n',
    );
  });

  test('init forwards signals to the program and gives its code', async () => {
    const plan = barePlan(fixture, {
      ...{ argv: ['sh', '-c', 'trap "echo got; exit 7" TERM; echo up; while :; do sleep 0.05; done'], init: true },
      holdForAttach: true,
    });
    const lazy = connectLater(() => plan.monitor.socket);
    const launched = await launch(fixture.launcher, plan, () =>
      lazy.go(encodeFrame(monitorFrame.attach, Buffer.of(2))),
    );
    await readUntil(await lazy.socket, 'up');
    await signal(plan.monitor.socket, 15);
    assert.deepEqual(pick(await launched.exited), { exitCode: 7, signal: 0 });
  });

  test('closing the launching connection before the program runs gives the launch up', async () => {
    const plan = barePlan(fixture, { argv: ['true'], holdForAttach: true });
    const bytes = encodePlan(plan);
    const socket = connect(fixture.socket);
    socket.write(Buffer.concat([u32(bytes.length), bytes]));
    await readUntil(socket, String.fromCharCode(monitorFrame.ready));
    socket.destroy();
    await until('the socket is gone', () => !existsSync(plan.monitor.socket));
    assert.equal(readExit(plan.monitor.stateDir), undefined);
  });

  test('clients that speak no frames are sent away; the process is untouched', async () => {
    const plan = barePlan(fixture, { argv: ['sleep', '1000'] });
    const launched = await launch(fixture.launcher, plan);
    for (const junk of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.of(2, 255, 255, 255, 255),
      Buffer.of(6, 9, 0, 0, 0),
    ]) {
      const socket = connect(plan.monitor.socket);
      socket.on('error', () => undefined).write(junk);
      await new Promise<void>((resolve) => socket.resume().once('close', () => resolve()));
    }
    await signal(plan.monitor.socket, 9);
    assert.equal((await launched.exited)?.exitCode, 137);
  });
});

function pick(exit: { exitCode: number; signal: number } | undefined) {
  return exit && { exitCode: exit.exitCode, signal: exit.signal };
}

/** The bytes of all records of a log file. */
function logged(path: string): string {
  const file = readFileSync(path);
  const parts: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at + 1);
    parts.push(file.subarray(at + 13, at + 5 + length));
    at += 5 + length;
  }
  return Buffer.concat(parts).toString('latin1');
}

const seen = new Map<string, { size: number; since: number }>();

/** Whether a file has kept its size for a while. */
function isStill(path: string, size: number): boolean {
  const last = seen.get(path);
  if (last?.size !== size) seen.set(path, { size, since: Date.now() });
  return last?.size === size && Date.now() - last.since > 200;
}

function connectLater(path: () => string) {
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof connect>>();
  const go = (first: Buffer): void => {
    const socket = connect(path());
    socket.on('error', () => undefined);
    socket.write(first);
    resolve(socket);
  };
  return { socket: promise, go };
}

async function readUntil(socket: ReturnType<typeof connect>, text: string): Promise<void> {
  let got = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    got += (chunk as Buffer).toString('latin1');
    if (got.includes(text)) return;
  }
  throw new Error(`the stream ended before ${text}`);
}
