/** The version of the API that a path names. */
import { EngineError } from '../../../guest-agent/protocol/errors.ts';

/** Minor numbers: versions are 1.24 … 1.56, the newest being that of the description we are tested against. */
export const oldestMinor = 24;
export const newestMinor = 56;
export const oldestVersion = `1.${oldestMinor}`;
export const newestVersion = `1.${newestMinor}`;

export interface Versioned {
  readonly minor: number;
  /** Without the prefix. */
  readonly path: string;
}

/** `/v1.41/info` → 41 and `/info`; no prefix is the newest. @throws EngineError `invalid-argument` for one out of range */
export function splitVersion(path: string): Versioned {
  const match = /^\/v([0-9]+)\.([0-9]+)(\/.*)?$/.exec(path);
  if (match === null) return { minor: newestMinor, path };
  const [, major = '', minor = '', rest = '/'] = match;
  const asked = Number(major) * 1000 + Number(minor);
  const named = `${major}.${minor}`;
  if (asked < 1000 + oldestMinor)
    throw new EngineError(
      'invalid-argument',
      `client version ${named} is too old. Minimum supported API version is ${oldestVersion}, please upgrade your client to a newer version`,
    );
  if (asked > 1000 + newestMinor)
    throw new EngineError(
      'invalid-argument',
      `client version ${named} is too new. Maximum supported API version is ${newestVersion}`,
    );
  return { minor: Number(minor), path: rest };
}
