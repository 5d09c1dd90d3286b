import { EngineError } from '../../base/error.ts';

/** Docker's code for an option that it does not know or cannot read. */
export const badOptionExit = 125;

/** What a person typed cannot be understood. `exitCode` 125 for options, 1 for arguments and command names, as Docker's. */
export function usageError(message: string, hint: string, exitCode = 1): EngineError {
  return new EngineError('invalid-argument', message, { hint, data: { cliExit: exitCode } });
}

/** @param flag with its dashes */
export function badFlag(flag: string, value: string, why: string, hint: string): EngineError {
  return usageError(`invalid value ${JSON.stringify(value)} for ${flag}: ${why}`, hint, badOptionExit);
}
