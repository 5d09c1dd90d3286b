/** Which accelerators to try, in which order, and why. Pure. */
import { EngineError } from '../../../base/error.ts';
import { accelerators, type Accelerator, type AcceleratorReport } from '../../accelerator.ts';

export interface AcceleratorChoice {
  readonly hostOs: 'linux' | 'darwin' | 'win32';
  readonly hostArch: 'x64' | 'arm64';
  readonly guestArch: 'x64' | 'arm64';
  /** What cheap checks of the host say of its hardware accelerator; undefined where nothing speaks against it. */
  readonly obstacle?: string;
  /** Outcomes of earlier trial boots in the same situation. */
  readonly verdicts: readonly { accelerator: Accelerator; works: boolean; reason: string }[];
}

export const CHOOSE_ANOTHER = 'Let it be chosen: berth machine set --accelerator auto';

const HARDWARE = { linux: 'kvm', darwin: 'hvf', win32: 'whpx' } as const;

/** The hardware's accelerator, then emulation, which always works; each with the reason. */
export function acceleratorReports(choice: AcceleratorChoice): AcceleratorReport[] {
  return [hardwareReport(choice), { accelerator: 'tcg', usable: true, reason: 'emulation, works everywhere' }];
}

/**
 * The accelerators to try one after the other.
 * @param forced a name from the settings; it alone is tried, whatever the reports say.
 * @throws EngineError `invalid-argument` for a name that no accelerator has, `no-hypervisor` for another system's.
 */
export function acceleratorsToTry(reports: readonly AcceleratorReport[], forced?: string): Accelerator[] {
  if (forced === undefined) return reports.filter(({ usable }) => usable).map(({ accelerator }) => accelerator);
  const offered = reports.find(({ accelerator }) => accelerator === forced);
  if (offered !== undefined) return [offered.accelerator];
  if (accelerators.some((name) => name === forced))
    throw new EngineError('no-hypervisor', `This host has no accelerator ${forced}.`, { hint: CHOOSE_ANOTHER });
  throw new EngineError('invalid-argument', `There is no accelerator ${JSON.stringify(forced)}.`, {
    hint: `Choose one of ${accelerators.join(', ')}, or none to have it chosen.`,
  });
}

function hardwareReport({ hostOs, hostArch, guestArch, obstacle, verdicts }: AcceleratorChoice): AcceleratorReport {
  const accelerator = HARDWARE[hostOs];
  const verdict = verdicts.find((known) => known.accelerator === accelerator);
  if (guestArch !== hostArch)
    return { accelerator, usable: false, reason: `cannot run ${guestArch} code on ${hostArch}` };
  if (obstacle !== undefined) return { accelerator, usable: false, reason: obstacle };
  if (verdict !== undefined) return { accelerator, usable: verdict.works, reason: verdict.reason };
  return { accelerator, usable: true, reason: 'present; proved by the next boot' };
}
