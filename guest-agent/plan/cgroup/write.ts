/** One cgroup v2 interface file and what is written to it: Documentation/admin-guide/cgroup-v2.rst. */
import { EngineError } from '../../protocol/errors.ts';

export interface CgroupWrite {
  file: string;
  value: string;
  why: string;
}

export interface ControllerPlan {
  writes: CgroupWrite[];
  warnings: string[];
}

export function tooLow(message: string, hint: string): EngineError {
  return new EngineError('limit-too-low', message, { hint });
}

export function invalid(message: string, hint: string): EngineError {
  return new EngineError('invalid-argument', message, { hint });
}
