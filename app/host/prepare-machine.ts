/** Makes one machine's files ready to boot: lock, keys, disk, configuration. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { HostFacts, StateDirs } from '../base/platform.ts';
import { privateFolder } from '../base/private-folder.ts';
import { writeConfigInitrd } from '../machine/config-initrd.ts';
import { ensureDataDisk, isDataDiskUsed, markDataDiskUsed } from '../machine/disk-images.ts';
import { machineKeys } from '../machine/keys.ts';
import type { MachineKeys } from '../machine/keys.ts';
import { lockMachine } from '../machine/machine-lock.ts';
import { machineSize } from '../machine/machine-spec.ts';
import type { Vm } from '../machine/machine.ts';
import type { MachineStore } from '../machine/machine-store.ts';
import type { MachineTransport, PreparedMachine } from '../services/engine-drivers.ts';
import type { MachineSettings } from '../contract/index.ts';
import type { GuestImage, Resources } from './resources.ts';

export interface PrepareContext {
  readonly facts: HostFacts;
  readonly dirs: StateDirs;
  readonly store: MachineStore;
  readonly settings: (name: string) => Promise<MachineSettings>;
  readonly resources: Resources;
  readonly connect: (vm: Vm, keys: MachineKeys, signal: AbortSignal) => Promise<MachineTransport>;
  readonly log: Log;
}

/** The folder for a machine's sockets and pid files. */
export function runtimeFolder(dirs: StateDirs, name: string): string {
  return join(dirs.runtime, name);
}

export function machineLogs(dirs: StateDirs, name: string): string {
  return join(dirs.state, 'machines', name);
}

export function consoleLogFile(dirs: StateDirs, name: string): string {
  return join(machineLogs(dirs, name), 'console.log');
}

export async function prepareMachine(name: string, context: PrepareContext): Promise<PreparedMachine> {
  const { facts, dirs, store, resources, log } = context;
  const settings = await context.settings(name);
  const size = machineSize(settings, facts);
  const image = await resources.guestImage();
  await requireFiles(image);
  const agentImage = await resources.agentImage();
  const folder = store.folder(name);
  const onLost = (cause: Error): void => log.error({ err: cause }, 'the lock of the machine was lost');
  const lock = await lockMachine(folder.path, { hostOs: facts.os, onLost });
  try {
    const keys = await machineKeys(folder.path);
    const runtimeDir = await privateFolder(runtimeFolder(dirs, name), facts.uid);
    await ensureDataDisk(folder.dataDisk, settings.diskBytes);
    // What a crash left there keeps room on the disk.
    const layerFolder = join(folder.path, 'layers');
    await rm(layerFolder, { recursive: true, force: true });
    await mkdir(layerFolder, { mode: 0o700 });
    const consoleLog = consoleLogFile(dirs, name);
    await mkdir(join(consoleLog, '..'), { recursive: true, mode: 0o700 });
    const initrd = join(runtimeDir, 'initrd.cpio');
    const keepDataDisk = await isDataDiskUsed(folder.dataDisk);
    const config = { hostname: 'berth', keys, agent: { machine: name }, keepDataDisk };
    await writeConfigInitrd(join(image.folder, image.initrd.file), config, initrd);
    const boot = {
      kernel: join(image.folder, image.kernel.file),
      rootImage: join(image.folder, image.root.file),
      cmdline: image.cmdline,
      emulationCmdline: image.emulationCmdline,
      kernelSha256: image.kernel.sha256,
    };
    return {
      spec: {
        name,
        arch: facts.arch,
        ...size,
        ...boot,
        initrd,
        agentImage,
        dataDisk: folder.dataDisk,
        runtimeDir,
        consoleLog,
      },
      sharedFolders: settings.shares,
      layerFolder,
      connect: (vm, signal) => context.connect(vm, keys, signal),
      dataDiskUsed: () => (keepDataDisk ? Promise.resolve() : markDataDiskUsed(folder.dataDisk)),
      [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** Sizes alone: digests are the doctor's business, a boot would be a second slower by them. */
async function requireFiles(image: GuestImage): Promise<void> {
  for (const { file, bytes } of [image.kernel, image.initrd, image.root]) {
    const path = join(image.folder, file);
    const found = await stat(path).catch(() => undefined);
    if (found?.size === bytes) continue;
    throw new EngineError('corrupt-content', `The guest image is damaged: ${path} is not as it was made.`, {
      hint: `Remove ${image.folder}, so that it is made again.`,
    });
  }
}
