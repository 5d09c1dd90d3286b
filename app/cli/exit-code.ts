import { EngineError, type ErrorCode } from '../base/error.ts';

/** What `berth` itself ends with; a container's own code is passed on. docs/exit-codes.md explains them. */
export const exitCode = {
  failed: 1,
  /** `berth status` when the engine does not run. */
  notRunning: 3,
  /** Options that cannot be read, and `run` or `create` failing before the container's process. */
  berth: 125,
  notExecutable: 126,
  notFound: 127,
  interrupted: 130,
  /** Nobody reads the standard output any more. */
  brokenPipe: 141,
} as const;

const byCode: Readonly<Partial<Record<ErrorCode, number>>> = {
  'command-not-found': exitCode.notFound,
  'command-not-executable': exitCode.notExecutable,
  cancelled: exitCode.interrupted,
};

/** @param otherwise the command's own code for failures */
export function exitCodeOf(error: unknown, otherwise: number): number {
  if (!(error instanceof EngineError)) return otherwise;
  const own = error.data?.['cliExit'];
  return typeof own === 'number' ? own : (byCode[error.code] ?? otherwise);
}
