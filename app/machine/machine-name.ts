import { EngineError } from '../base/error.ts';

/** Short enough for the sockets named after it, and the same file on case-insensitive systems. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,23}$/;
/** Names that Windows gives to devices, in every folder. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

export function isMachineName(name: string): boolean {
  return NAME.test(name) && !RESERVED.test(name);
}

/** @throws EngineError `invalid-argument` */
export function checkMachineName(name: string): string {
  if (isMachineName(name)) return name;
  throw new EngineError('invalid-argument', `${JSON.stringify(name)} cannot name a machine.`, {
    hint: 'Use at most 24 lower-case letters, digits, "-" and "_", a letter or digit first.',
  });
}
