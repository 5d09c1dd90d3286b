import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { homedir } from 'node:os';
import { hostPlatform } from '../../base/platform.ts';
import { badFlag } from '../command/usage-error.ts';
import type { RunHost } from './config.ts';

/** This machine's files and paths, for reading options. */
export function ownHost(env: NodeJS.ProcessEnv): RunHost {
  return {
    env,
    paths: {
      windows: hostPlatform().os === 'win32',
      absolute: (path) => resolve(path.replace(/^~(?=$|[\\/])/, homedir())),
    },
    readFile: (path, flag) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        const why =
          error instanceof Error && 'code' in error && error.code === 'ENOENT'
            ? 'there is no such file'
            : 'it cannot be read';
        throw badFlag(flag, path, why, 'Check the path; it is relative to the working directory.');
      }
    },
  };
}
