import type { RunConfig } from '../../contract/run-config.ts';
import { logDefaults } from '../../contract/log-defaults.ts';
import { badFlag } from '../command/usage-error.ts';
import { parseBytes } from './bytes.ts';
import { parseInteger } from './numbers.ts';

const flag = '--log-opt';

/** `--log-opt max-size=10m --log-opt max-file=3`; absent when neither was given. */
export function parseLogOptions(values: readonly string[]): RunConfig['log'] {
  if (values.length === 0) return undefined;
  let log: { maxBytes: number; maxFiles: number } = { ...logDefaults };
  for (const text of values) {
    const equals = text.indexOf('=');
    const value = text.slice(equals + 1);
    const key = text.slice(0, Math.max(equals, 0));
    if (key === 'max-size') log = { ...log, maxBytes: parseBytes(value, `${flag} max-size`) };
    else if (key === 'max-file')
      log = { ...log, maxFiles: parseInteger(value, `${flag} max-file`, { from: 1, to: 1000 }) };
    else throw badFlag(flag, text, 'it is not an option of the log', 'Use max-size=SIZE or max-file=NUMBER.');
  }
  return log;
}

/** Only the kernel-side log file exists. */
export function checkLogDriver(value: string | undefined): void {
  if (value === undefined || ['json-file', 'local'].includes(value)) return;
  throw badFlag(
    '--log-driver',
    value,
    'there is no such log driver here',
    'Leave it out: logs are kept in rotated files.',
  );
}
