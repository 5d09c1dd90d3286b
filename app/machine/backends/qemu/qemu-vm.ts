import { lastLines } from '../../../base/bounded-file.ts';
import type { HostOs } from '../../../base/platform.ts';
import { endProcess } from '../../../base/process.ts';
import type { SocketAddress, StopMode, Vm, VmExit } from '../../machine.ts';
import { qemuHostForwards } from './host-forwards.ts';
import { removeRuntimeFiles, type QemuProcess } from './launch.ts';
import { watchStalls } from './stall.ts';
import { stopGracefully, type StopLimits } from './stop.ts';

/** The running guest, from a process whose kernel has reached userland. */
export function qemuVm(qemu: QemuProcess, sshAddress: SocketAddress, hostOs: HostOs, limits: StopLimits): Vm {
  let asked = false;
  let shutdownReason: unknown;
  qemu.qmp.events.add(({ event, data }) => {
    if (event === 'SHUTDOWN') shutdownReason = (data as { reason?: unknown } | undefined)?.reason;
  });
  const exited = qemu.exited.then(async ({ code, signal }): Promise<VmExit> => {
    qemu.qmp[Symbol.dispose]();
    await removeRuntimeFiles(qemu.files, hostOs);
    const ended = asked || (code === 0 && shutdownReason === 'guest-shutdown');
    if (ended) return { kind: 'stopped', code, signal, detail: '' };
    return { kind: 'crashed', code, signal, detail: crashDetail(qemu, shutdownReason) };
  });
  return {
    pid: qemu.pid,
    accelerator: qemu.accelerator,
    sshAddress,
    exited,
    console: qemu.console,
    hostForwards: qemuHostForwards(qemu.qmp),
    ...watchStalls(qemu.qmp, qemu.files.dataDisk, qemu.exited),
    async stop(mode: StopMode) {
      asked = true;
      if (mode === 'force') await endProcess(qemu.pid, hostOs, 0);
      else await stopGracefully(qemu.pid, hostOs, qemu.qmp, limits);
      return exited;
    },
  };
}

function crashDetail(qemu: QemuProcess, shutdownReason: unknown): string {
  const reason = typeof shutdownReason === 'string' ? [`QEMU's reason: ${shutdownReason}`] : [];
  const messages = lastLines(qemu.files.messages, 5);
  return [
    ...reason,
    ...(messages === '' ? [] : [`QEMU's messages:\n${messages}`]),
    `Console:\n${qemu.console.tail(20)}`,
  ].join('\n');
}
