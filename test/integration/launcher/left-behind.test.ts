import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { monitorFrame } from '../../../guest-agent/effects/frames.ts';
import { launch } from '../../../guest-agent/effects/linux/launch.ts';
import { attach, readFrames, signal } from '../../../guest-agent/effects/linux/monitor-client.ts';
import { loopbackOp } from '../../../guest-agent/plan/network-plan.ts';
import { until } from '../../support/until.ts';
import { barePlan, containerPlan, runAttached, skip, startLauncher, type Fixture } from './fixture.ts';

const KIB = 1024;

/** In a write to a pipe without room (proc_pid_wchan(5)). */
function isBlocked(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/wchan`, 'utf8').includes('pipe_w');
  } catch {
    return true;
  }
}

describe('what a process and its launch leave behind', { skip, timeout: 60_000 }, () => {
  let fixture: Fixture;
  before(async () => void (fixture = await startLauncher()));
  after(() => fixture.stop());

  test('a flood of others keeps its end back no longer than its own output', async (t) => {
    const pids = join(fixture.folder, 'floods');
    const script = `yes & echo $! > ${pids}; yes >&2 & echo $! >> ${pids}; echo last; echo words >&2; exit 4`;
    const kill = (pid: string) => process.kill(Number(pid), 'SIGKILL');
    t.after(() => readFileSync(pids, 'utf8').trim().split('\n').forEach(kill));
    const ended = await runAttached(fixture, barePlan(fixture, { argv: ['sh', '-c', script], logPath: '' }));
    assert.deepEqual([ended.exitCode, ended.signal], [4, 0]);
    assert.match(ended.stdout, /^last$/m);
    assert.match(ended.stderr, /^words$/m);
  });

  /** Some of these are over while the reader has taken nothing yet, and the last bytes lie in the pipe. */
  test('whoever reads late has all of it, however much it is', async () => {
    for (let bytes = 128 * KIB; bytes <= 640 * KIB; bytes += 24 * KIB) {
      const plan = barePlan(fixture, { argv: ['head', '-c', String(bytes), '/dev/zero'], logPath: '' });
      const { promise: attached, resolve } = Promise.withResolvers<Socket>();
      const onReady = () =>
        void attach(plan.monitor.socket, { stdin: false, stdout: true, stderr: true }).then(resolve);
      const held = { ...plan, monitor: { ...plan.monitor, holdForAttach: true } };
      const { pid, exited } = await launch(fixture.launcher, held, onReady);
      const socket = await attached;
      await until('it has ended, or waits for room', () => !existsSync(`/proc/${pid}`) || isBlocked(pid));
      let received = 0;
      await readFrames(socket, ({ kind, payload }) => {
        if (kind === monitorFrame.stdout) received += payload.length;
      });
      assert.equal(received, bytes);
      await exited;
    }
  });

  test('its monitor holds nothing of its network', async () => {
    const plan = containerPlan(fixture, { argv: ['sleep', '1000'], inside: [loopbackOp()] });
    const { pid, exited } = await launch(fixture.launcher, plan);
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    const descriptors = readdirSync(`/proc/${parent}/fd`).map((fd) => readlinkSync(`/proc/${parent}/fd/${fd}`));
    const sockets = descriptors.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
    assert.ok(sockets.length > 0, 'the monitor listens to nobody');
    const table = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').trim().split('\n').slice(1);
    const inodes = table.map((line) => line.trim().split(/\s+/).at(-1) ?? '');
    assert.deepEqual(
      sockets.filter((inode) => inodes.includes(inode)),
      [],
    );
    await signal(plan.monitor.socket, 9);
    await exited;
  });
});
