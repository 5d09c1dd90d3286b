import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostFacts, StateDirs } from '../base/platform.ts';
import type { DoctorCheck } from '../contract/index.ts';
import { verifySha256 } from '../machine/disk-images.ts';
import type { Backend } from '../machine/machine.ts';
import { hypervisorChecks, roomCheck } from '../services/doctor.ts';
import type { Examination } from '../services/doctor.ts';
import type { Machine } from '../services/machine-services.ts';
import type { Resources } from './resources.ts';

export interface DoctorContext {
  readonly facts: HostFacts;
  readonly dirs: StateDirs;
  readonly resources: Resources;
  readonly backend: Backend;
  /** Of the share driver, or why there is none. */
  readonly shares: () => Promise<DoctorCheck>;
}

const MIB = 2 ** 20;

/** Every examination of this host, by the name of its check. */
export function examinations(machine: Machine, context: DoctorContext): Record<string, Examination> {
  const { facts, dirs, resources, backend, shares } = context;
  return {
    hypervisor: () => hypervisorChecks(backend),
    'guest image': () => guestImageChecks(resources),
    'guest agent': async () => [ok('guest agent', await resources.agentImage())],
    'shared folders': async () => [await shares()],
    'disk space': async () => {
      const { bavail, bsize } = await statfs(dirs.data);
      const hint = 'Free some space; machines and images are kept there.';
      return [
        roomCheck('disk space', {
          what: dirs.data,
          freeBytes: bavail * bsize,
          low: 2048 * MIB,
          least: 256 * MIB,
          hint,
        }),
      ];
    },
    memory: () => {
      const hint = 'Close programs, or give the machine less with "berth machine set --memory".';
      const room = {
        what: `${facts.memoryMiB} MiB in all`,
        freeBytes: facts.freeMemoryMiB * MIB,
        low: 1024 * MIB,
        least: 256 * MIB,
        hint,
      };
      return Promise.resolve([roomCheck('memory', room)]);
    },
    'control socket': async () => [await socketCheck(dirs, facts)],
    machine: () => Promise.resolve([machineCheck(machine)]),
  };
}

async function guestImageChecks(resources: Resources): Promise<DoctorCheck[]> {
  const image = await resources.guestImage();
  for (const { file, sha256 } of [image.kernel, image.initrd, image.root])
    await verifySha256(join(image.folder, file), sha256);
  return [ok('guest image', `${image.contentKey}, kernel ${image.kernelVersion}, digests right`)];
}

async function socketCheck({ controlSocket }: StateDirs, { os, uid }: HostFacts): Promise<DoctorCheck> {
  const name = 'control socket';
  if (os === 'win32') return ok(name, controlSocket);
  const found = await stat(controlSocket);
  const mode = found.mode & 0o777;
  if (mode === 0o600 && found.uid === uid) return ok(name, `${controlSocket}, for this user alone`);
  return {
    name,
    status: 'failed',
    detail: `${controlSocket} has the mode ${mode.toString(8)} and belongs to user ${found.uid}`,
    hint: 'Others may reach the engine: run "berth stop --service", then "berth start".',
  };
}

function machineCheck({ name, engine: { state } }: Machine): DoctorCheck {
  const what = `machine ${name}`;
  if (state.status === 'failed') return { name: what, status: 'failed', detail: state.message, hint: state.hint };
  if (state.status !== 'running') return ok(what, state.status);
  const detail = `running with ${state.accelerator}, booted in ${state.bootMs} ms`;
  if (state.agentLost)
    return {
      name: what,
      status: 'warning',
      detail: `${detail}; its agent does not answer`,
      hint: 'Try "berth restart".',
    };
  const [warning] = state.warnings;
  return warning === undefined ? ok(what, detail) : { name: what, status: 'warning', detail: warning, hint: '' };
}

function ok(name: string, detail: string): DoctorCheck {
  return { name, status: 'ok', detail, hint: '' };
}
