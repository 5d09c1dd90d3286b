/** The QEMU backend: boots a machine with the first accelerator that brings its kernel to userland. */
import { join } from 'node:path';
import { asError, withDeadline } from '../../../base/deadline.ts';
import { EngineError } from '../../../base/error.ts';
import type { Log } from '../../../base/log.ts';
import type { HostPlatform } from '../../../base/platform.ts';
import { endProcess } from '../../../base/process.ts';
import { bootId } from '../../../base/process-identity.ts';
import { privateFolder } from '../../../base/private-folder.ts';
import type { Accelerator, AcceleratorReport } from '../../accelerator.ts';
import type { Backend, BackendProbe, BootOptions, LeftOver, Vm } from '../../machine.ts';
import type { MachineSpec } from '../../machine-spec.ts';
import { acceleratorReports, acceleratorsToTry, CHOOSE_ANOTHER } from './accelerator-plan.ts';
import { sshForward } from './host-forwards.ts';
import { launchQemu, qemuFiles, type QemuProcess } from './launch.ts';
import { findQemu, hardwareObstacle, type QemuProgram } from './probe.ts';
import { qemuVm } from './qemu-vm.ts';
import { endLeftOver, type StopLimits } from './stop.ts';
import { Verdicts } from './verdicts.ts';

export interface QemuOptions {
  readonly host: HostPlatform;
  readonly uid: number;
  /** For the file of remembered verdicts. */
  readonly stateDir: string;
  /** Absent: the kernel's usual one; tests give their own. */
  readonly kvmDevice?: string;
  /** The `PATH` to search. */
  readonly path: string | undefined;
  readonly log: Log;
  /** A QEMU of the user's choice. */
  readonly program?: string;
  readonly limits?: Partial<QemuLimits>;
}

/** Milliseconds. */
export interface QemuLimits extends StopLimits {
  /** From QEMU's start to the kernel's userland, with a hardware accelerator and without. */
  readonly hardwareUserland: number;
  readonly emulatedUserland: number;
}

const LIMITS: QemuLimits = {
  hardwareUserland: 8000,
  emulatedUserland: 60_000,
  powerButton: 10_000,
  quit: 3000,
  terminate: 3000,
};

/** Printed by the initrd as soon as it runs. */
const USERLAND = 'berth: stage kernel-userland';

interface Failed {
  readonly accelerator: Accelerator;
  readonly error: Error;
}

export class QemuBackend implements Backend {
  readonly name = 'qemu';
  /** What trial boots found; for the doctor to show and forget. */
  readonly verdicts: Verdicts;
  readonly #options: QemuOptions;
  readonly #limits: QemuLimits;

  constructor(options: QemuOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.verdicts = new Verdicts(join(options.stateDir, 'accelerators.json'));
  }

  async probe(): Promise<BackendProbe> {
    const { host, path, program } = this.#options;
    try {
      const qemu = await findQemu(host, host.arch, path, program);
      const verdicts = (await this.verdicts.list()).filter(({ situation }) => situation.includes(qemu.version));
      const accelerators = await this.#reports(qemu, host.arch, verdicts);
      return { usable: true, summary: `QEMU ${qemu.version} at ${qemu.path}`, accelerators };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { usable: false, summary: `${error.message} ${error.hint ?? ''}`.trim(), accelerators: [] };
    }
  }

  async endLeftOver(spec: LeftOver): Promise<void> {
    const { host, log } = this.#options;
    await endLeftOver(qemuFiles(spec, host.os), host.os, this.#limits, log);
  }

  async boot(spec: MachineSpec, options: BootOptions = {}): Promise<Vm> {
    const { host, uid, path, program, log } = this.#options;
    await privateFolder(spec.runtimeDir, uid);
    const qemu = await findQemu(host, spec.arch, path, program);
    const situation = `${await bootId(host.os)} ${qemu.version} ${spec.kernelSha256}`;
    const reports = await this.#reports(qemu, spec.arch, await this.verdicts.of(situation));
    const failed: Failed[] = [];
    for (const accelerator of acceleratorsToTry(reports, spec.accelerator)) {
      options.onProgress?.({ stage: 'accelerator', message: `trying ${accelerator}` });
      try {
        if (failed.length > 0) await options.beforeRetry?.();
        const vm = await this.#tryBoot(spec, qemu, accelerator, options);
        await this.#remember(situation, accelerator, failed);
        return vm;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof EngineError && error.code === 'in-use') throw error;
        log.warn({ accelerator, err: error }, 'the guest did not come up with this accelerator');
        failed.push({ accelerator, error: asError(error) });
      }
    }
    throw finalFailure(failed, spec.accelerator);
  }

  async #reports(
    qemu: QemuProgram,
    guestArch: 'x64' | 'arm64',
    verdicts: { accelerator: Accelerator; works: boolean; reason: string }[],
  ): Promise<AcceleratorReport[]> {
    const { host } = this.#options;
    const obstacle = await hardwareObstacle(host.os, qemu, this.#options.kvmDevice);
    return acceleratorReports({ hostOs: host.os, hostArch: host.arch, guestArch, obstacle, verdicts });
  }

  async #tryBoot(
    spec: MachineSpec,
    program: QemuProgram,
    accelerator: Accelerator,
    { signal, onProgress }: BootOptions,
  ): Promise<Vm> {
    const { host } = this.#options;
    const qemu = await launchQemu(spec, { program: program.path, hostOs: host.os, accelerator, signal });
    onProgress?.({ stage: 'process', message: `QEMU runs as process ${qemu.pid}` });
    try {
      await this.#userland(qemu, signal);
      onProgress?.({ stage: 'userland', message: `the kernel is up (${accelerator})` });
      return qemuVm(qemu, await sshForward(qemu.qmp), host.os, this.#limits);
    } catch (error) {
      qemu.qmp[Symbol.dispose]();
      await endProcess(qemu.pid, host.os, 0);
      throw error;
    }
  }

  async #userland(qemu: QemuProcess, signal?: AbortSignal): Promise<void> {
    const emulated = qemu.accelerator === 'tcg';
    const limit = emulated ? this.#limits.emulatedUserland : this.#limits.hardwareUserland;
    const crash = async () => {
      const { code, signal: killer } = await qemu.exited;
      const how = killer ?? `status ${code ?? 'unknown'}`;
      throw new EngineError('boot-failed', `QEMU ended (${how}) before the kernel was up.`, {
        hint: 'See the guest’s console with "berth console".',
        cause: qemu.console.tail(10),
      });
    };
    const step = `Booting the kernel with ${qemu.accelerator}`;
    const wait = (over: AbortSignal) => Promise.race([qemu.console.saw(USERLAND, over), crash()]);
    await withDeadline(step, limit, wait, signal);
  }

  /** Failures count against an accelerator only once another one proved that the rest of the machine is sound. */
  async #remember(situation: string, works: Accelerator, failed: readonly Failed[]) {
    for (const { accelerator, error } of failed)
      await this.verdicts.remember(situation, accelerator, false, `trial boot failed: ${error.message}`);
    await this.verdicts.remember(situation, works, true, 'booted a guest');
  }
}

/** A forced accelerator's failure says so: another one might have worked. */
function finalFailure(failed: readonly Failed[], forced: string | undefined): Error {
  const last = failed.at(-1)?.error ?? new EngineError('no-hypervisor', 'No accelerator is usable.');
  if (forced === undefined || forced === 'tcg') return last;
  const code = last instanceof EngineError ? last.code : 'boot-failed';
  return new EngineError(code, `The guest did not come up with ${forced}, which was set: ${last.message}`, {
    hint: CHOOSE_ANOTHER,
    cause: last,
  });
}
