/** pids.max. */
import type { Resources } from '../../protocol/container-spec.ts';
import type { ControllerPlan } from './write.ts';

/** -1 and 0 lift the limit. */
export function pidsPlan({ pidsLimit }: Resources): ControllerPlan {
  if (pidsLimit === undefined) return { writes: [], warnings: [] };
  const value = pidsLimit > 0 ? String(pidsLimit) : 'max';
  return { writes: [{ file: 'pids.max', value, why: '--pids-limit' }], warnings: [] };
}
