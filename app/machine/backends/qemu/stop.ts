import { rm } from 'node:fs/promises';
import { withDeadline } from '../../../base/deadline.ts';
import type { HostOs } from '../../../base/platform.ts';
import { endProcess, goneWithin } from '../../../base/process.ts';
import { livePid } from '../../../base/process-identity.ts';
import type { Log } from '../../../base/log.ts';
import type { QemuFiles } from './launch.ts';
import { Qmp } from './qmp.ts';

/** Milliseconds that each step of a graceful stop gets. */
export interface StopLimits {
  readonly powerButton: number;
  readonly quit: number;
  readonly terminate: number;
}

/** Power button, QEMU's own `quit`, SIGTERM, SIGKILL: each only if the one before did not do. */
export async function stopGracefully(
  pid: number,
  hostOs: HostOs,
  qmp: Qmp | undefined,
  limits: StopLimits,
): Promise<void> {
  const steps = [
    ['system_powerdown', limits.powerButton],
    ['quit', limits.quit],
  ] as const;
  for (const [command, limit] of qmp === undefined ? [] : steps) {
    // Whether it took effect shows by the process; `quit` may cut the answer off.
    qmp?.execute(command).catch(() => undefined);
    if (await goneWithin(pid, hostOs, limit)) return;
  }
  await endProcess(pid, hostOs, limits.terminate);
}

/**
 * A host service that crashed leaves its QEMU behind. Nothing of ours holds its streams any more, so it is ended as
 * gently as it lets itself be before the machine boots again.
 */
export async function endLeftOver(files: QemuFiles, hostOs: HostOs, limits: StopLimits, log: Log): Promise<void> {
  const pid = await livePid(files.pidFile, hostOs);
  if (pid === undefined) return;
  log.warn({ pid }, 'ending the virtual machine that an earlier run left behind');
  const connect = (signal: AbortSignal) => Qmp.connect(files.monitorPath, signal);
  const qmp = await withDeadline("Connecting to the left-over QEMU's monitor", 2000, connect).catch(() => undefined);
  await stopGracefully(pid, hostOs, qmp, limits);
  qmp?.[Symbol.dispose]();
  await rm(files.pidFile, { force: true });
}
