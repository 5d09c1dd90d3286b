import type { DoctorCheck } from '../contract/index.ts';
import type { Backend } from '../machine/machine.ts';

/** One fact about the host, looked up when the doctor is asked. */
export type Examination = () => Promise<DoctorCheck[]>;

/** All examinations; one that fails itself is told as a failed check. */
export async function examine(examinations: Readonly<Record<string, Examination>>): Promise<DoctorCheck[]> {
  const checks = await Promise.all(
    Object.entries(examinations).map(([name, look]) =>
      look().catch((error: unknown): DoctorCheck[] => [
        { name, status: 'failed', detail: error instanceof Error ? error.message : String(error), hint: '' },
      ]),
    ),
  );
  return checks.flat();
}

/** The hypervisor and what is known of each accelerator, trial boots included. */
export async function hypervisorChecks(backend: Backend): Promise<DoctorCheck[]> {
  const { usable, summary, accelerators } = await backend.probe();
  const main: DoctorCheck = {
    name: 'hypervisor',
    status: usable ? 'ok' : 'failed',
    detail: summary,
    hint: usable ? '' : 'Without it no machine can start.',
  };
  const fast = accelerators.some(({ accelerator, usable: works }) => works && accelerator !== 'tcg');
  const others = accelerators.map(({ accelerator, usable: works, reason }): DoctorCheck => {
    const missed = !works && !fast && accelerator !== 'tcg';
    return {
      name: `accelerator ${accelerator}`,
      status: works ? 'ok' : 'warning',
      detail: reason,
      hint: missed ? 'The guest is emulated, which is slow. After a repair run "berth doctor --retry".' : '',
    };
  });
  return [main, ...others];
}

export interface Room {
  readonly what: string;
  readonly freeBytes: number;
  /** Below `low` it is a warning, below `least` nothing works. */
  readonly low: number;
  readonly least: number;
  readonly hint: string;
}

/** Free space of a disk, or free memory. */
export function roomCheck(name: string, { what, freeBytes, low, least, hint }: Room): DoctorCheck {
  const status = freeBytes < least ? 'failed' : freeBytes < low ? 'warning' : 'ok';
  const free = `${Math.floor(freeBytes / 2 ** 20)} MiB`;
  return { name, status, detail: `${what}: ${free} free`, hint: status === 'ok' ? '' : hint };
}
