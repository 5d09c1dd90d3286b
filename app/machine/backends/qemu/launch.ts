import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines } from '../../../base/bounded-file.ts';
import { withDeadline, pollUntil } from '../../../base/deadline.ts';
import { EngineError } from '../../../base/error.ts';
import type { HostOs } from '../../../base/platform.ts';
import { endProcess, startProcess, type RunningProcess } from '../../../base/process.ts';
import { writePidFile } from '../../../base/process-identity.ts';
import type { Accelerator } from '../../accelerator.ts';
import type { LeftOver } from '../../machine.ts';
import type { MachineSpec } from '../../machine-spec.ts';
import { ConsoleFollower } from './console.ts';
import { qemuArgs } from './qemu-args.ts';
import { Qmp } from './qmp.ts';

/** Files of one machine's running QEMU. */
export interface QemuFiles {
  readonly pidFile: string;
  readonly monitorPath: string;
  readonly messages: string;
  readonly dataDisk: string;
}

export interface QemuProcess extends RunningProcess {
  readonly files: QemuFiles;
  readonly console: ConsoleFollower;
  readonly qmp: Qmp;
  readonly accelerator: Accelerator;
}

export interface LaunchOptions {
  readonly program: string;
  readonly hostOs: HostOs;
  readonly accelerator: Accelerator;
  readonly signal?: AbortSignal;
}

const MONITOR_LIMIT = 10_000;

export function qemuFiles(spec: LeftOver, hostOs: HostOs): QemuFiles {
  return {
    pidFile: join(spec.runtimeDir, 'qemu.pid'),
    monitorPath: hostOs === 'win32' ? `\\\\.\\pipe\\berth-${spec.name}-qmp` : join(spec.runtimeDir, 'qmp.sock'),
    messages: join(spec.runtimeDir, 'qemu.log'),
    dataDisk: spec.dataDisk,
  };
}

/**
 * Starts QEMU and takes hold of its monitor and console.
 * @throws EngineError `boot-failed`, `in-use`, `no-memory` with QEMU's own words; the process is gone then.
 */
export async function launchQemu(spec: MachineSpec, options: LaunchOptions): Promise<QemuProcess> {
  const { program, hostOs, accelerator, signal } = options;
  const files = qemuFiles(spec, hostOs);
  if (hostOs !== 'win32') await rm(files.monitorPath, { force: true });
  const args = qemuArgs(spec, { hostOs, accelerator, monitorPath: files.monitorPath });
  const child = await startWithMessages(program, args, files.messages);
  try {
    const { stdout } = child;
    if (stdout === null) throw new EngineError('internal', "QEMU's console is not connected.");
    const heading = `${new Date().toISOString()} ${spec.name} (${accelerator})`;
    const follower = new ConsoleFollower(stdout, spec.consoleLog, heading);
    await writePidFile(files.pidFile, child.pid, hostOs);
    const qmp = await connectMonitor(child, files, signal);
    return { ...child, files, console: follower, qmp, accelerator };
  } catch (error) {
    await endProcess(child.pid, hostOs, 0);
    await removeRuntimeFiles(files, hostOs);
    throw error;
  }
}

/** What tells of a running QEMU; one that was killed leaves them. A named pipe goes by itself. */
export async function removeRuntimeFiles(files: QemuFiles, hostOs: HostOs): Promise<void> {
  await rm(files.pidFile, { force: true });
  if (hostOs !== 'win32') await rm(files.monitorPath, { force: true });
}

/** Standard error goes to a file, not a pipe: QEMU must be able to write when nobody reads any more. */
async function startWithMessages(program: string, args: string[], messages: string): Promise<RunningProcess> {
  await using file = await open(messages, 'w', 0o600);
  return await startProcess(program, args, { stdio: ['ignore', 'pipe', file.fd] });
}

function connectMonitor(child: RunningProcess, files: QemuFiles, signal?: AbortSignal): Promise<Qmp> {
  const died = child.exited.then(() => Promise.reject(startFailure(lastLines(files.messages, 10))));
  const connect = (limit: AbortSignal) =>
    pollUntil(() => Qmp.connect(files.monitorPath, limit).catch(() => undefined), 20, limit);
  const first = (limit: AbortSignal) => Promise.race([died, connect(limit)]);
  return withDeadline("Connecting to QEMU's monitor", MONITOR_LIMIT, first, signal).catch((error: unknown) => {
    throw isTimeout(error) && signal?.aborted !== true ? hangs(error) : error;
  });
}

function isTimeout(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'timeout';
}

function hangs(cause: unknown): EngineError {
  return new EngineError('timeout', `QEMU hangs: its monitor did not answer within ${MONITOR_LIMIT / 1000} s.`, {
    hint: 'The host may be overloaded, or this QEMU broken: try again, and see "berth doctor".',
    cause,
  });
}

/** QEMU's words for why it would not start, as one of our errors. */
export function startFailure(messages: string): EngineError {
  if (/Failed to get .*lock/.test(messages))
    return new EngineError('in-use', "Another process has the machine's disk open.", {
      hint: 'Stop the other virtual machine that uses it.',
      cause: messages,
    });
  if (/cannot set up guest memory|Cannot allocate memory/i.test(messages))
    return new EngineError('no-memory', "The host could not give the machine's memory.", {
      hint: 'Set less memory for the machine, or end other programs.',
      cause: messages,
    });
  return new EngineError('boot-failed', `QEMU did not start: ${messages === '' ? 'it said nothing' : messages}`, {
    hint: 'Run "berth doctor": it looks at what QEMU needs.',
  });
}
