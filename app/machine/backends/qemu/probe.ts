import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isErrno } from '../../../base/atomic-file.ts';
import { EngineError } from '../../../base/error.ts';
import { findProgram } from '../../../base/find-program.ts';
import type { HostOs, HostPlatform } from '../../../base/platform.ts';

const run = promisify(execFile);

export interface QemuProgram {
  readonly path: string;
  /** As `qemu --version` says, the package's part included. */
  readonly version: string;
}

/** Milliseconds. */
const VERSION_LIMIT = 10_000;

const NAMES = { x64: 'qemu-system-x86_64', arm64: 'qemu-system-aarch64' } as const;

/** Where installers put it without changing `PATH`. */
const MORE_FOLDERS: Record<HostOs, readonly string[]> = {
  linux: ['/usr/libexec'],
  darwin: ['/opt/homebrew/bin', '/usr/local/bin', '/opt/local/bin'],
  win32: ['C:\\Program Files\\qemu'],
};

const INSTALL: Record<HostOs, string> = {
  linux: 'Install the package qemu-system-x86 (or qemu-system-arm) of your distribution.',
  darwin: 'Install it with: brew install qemu',
  win32: 'Install it with: winget install SoftwareFreedomConservancy.QEMU',
};

/**
 * @param override a path given by the user
 * @throws EngineError `no-hypervisor` saying how to get it.
 */
export async function findQemu(
  host: HostPlatform,
  guestArch: 'x64' | 'arm64',
  path: string | undefined,
  override?: string,
): Promise<QemuProgram> {
  const name = NAMES[guestArch];
  const found = override ?? (await findProgram(name, host.os, path, MORE_FOLDERS[host.os]));
  if (found === undefined) throw new EngineError('no-hypervisor', `${name} was not found.`, { hint: INSTALL[host.os] });
  try {
    const { stdout } = await run(found, ['--version'], { timeout: VERSION_LIMIT });
    return { path: found, version: /version (.+)/.exec(stdout)?.[1]?.trim() ?? stdout.trim() };
  } catch (cause) {
    throw new EngineError('no-hypervisor', `${found} cannot be used: ${obstacleTo(cause)}.`, {
      hint: override === undefined ? INSTALL[host.os] : 'Correct BERTH_QEMU, or unset it, and end the host service.',
      cause,
    });
  }
}

function obstacleTo(cause: unknown): string {
  if (isErrno(cause, 'ENOENT')) return 'there is no such file';
  if (isErrno(cause, 'EACCES')) return 'it is not executable';
  if (cause instanceof Error && 'killed' in cause && cause.killed === true)
    return `it did not answer --version within ${VERSION_LIMIT / 1000} s`;
  return 'it did not answer --version';
}

/**
 * Cheap checks that the host's hardware accelerator has to pass before a trial boot is worth its time.
 * @returns what speaks against it; undefined when nothing does.
 */
export async function hardwareObstacle(
  hostOs: HostOs,
  qemu: QemuProgram,
  kvmDevice = '/dev/kvm',
): Promise<string | undefined> {
  switch (hostOs) {
    case 'linux':
      return kvmObstacle(kvmDevice);
    case 'darwin':
      return (await output('sysctl', ['-n', 'kern.hv_support'])) === '1'
        ? undefined
        : 'the processor or macOS offers no Hypervisor.framework (kern.hv_support)';
    case 'win32':
      return (await output(qemu.path, ['-accel', 'help'])).includes('whpx')
        ? undefined
        : 'this QEMU was built without WHPX';
  }
}

export async function kvmObstacle(device: string): Promise<string | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if (isErrno(error, 'EACCES')) return `${device} is not open to this user (join the group kvm)`;
    return `there is no ${device} (virtualization is off in the firmware, or the module kvm is not loaded)`;
  }
}

async function output(command: string, args: string[]): Promise<string> {
  return run(command, args, { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}
