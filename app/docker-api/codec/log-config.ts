import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { logDefaults } from '../../contract/log-defaults.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import { bytes } from './bytes.ts';
import type { HostConfig } from './host-config.ts';
import { checkLogDetails } from './log-details.ts';

const drivers = ['json-file', 'local', 'none'] as const;
const known: Readonly<Record<(typeof drivers)[number], readonly string[]>> = {
  'json-file': ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'],
  local: ['max-size', 'max-file', 'compress'],
  none: [],
};
/**
 * Of every driver: checked and kept. The monitor writes each record to the file before it reads on, so a program waits where
 * the file does (and what a full disk has no room for is dropped), whatever the mode; who asks for another is warned.
 */
const common = ['mode', 'max-buffer-size'];

/** Logs are rotated files of our own, which is what `json-file` and `local` are to their users. */
export function logOf({ Type, Config }: HostConfig['LogConfig']): RunConfig['log'] {
  const driver = drivers.find((one) => one === (Type || 'json-file'));
  if (driver === undefined)
    throw new EngineError(
      'invalid-argument',
      `error looking up logging plugin ${Type}: plugin ${JSON.stringify(Type)} not found`,
      { hint: 'This engine has json-file, local and none.' },
    );
  const wrong = Object.keys(Config).find((key) => ![...known[driver], ...common].includes(key));
  if (wrong !== undefined && driver !== 'none')
    throw new EngineError('invalid-argument', `unknown log opt '${wrong}' for ${driver} log driver`);
  if (driver === 'none') return { driver, ...logDefaults, ...asked(Config) };
  checkMode(Config);
  checkLogDetails(Config);
  const { 'max-size': size, 'max-file': files } = Config;
  return {
    driver,
    maxBytes: size === undefined ? logDefaults.maxBytes : bytes(size, 'log option max-size'),
    maxFiles: files === undefined ? logDefaults.maxFiles : count(files),
    ...asked(Config),
  };
}

function asked(options: Readonly<Record<string, string>>) {
  return Object.keys(options).length > 0 ? { options } : {};
}

/** In Docker's words. */
function checkMode({ mode = '', 'max-buffer-size': buffer }: Readonly<Record<string, string>>): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode))
    throw new EngineError('invalid-argument', `logger: logging mode not supported: ${mode}`);
  if (buffer === undefined) return;
  if (mode !== 'non-blocking')
    throw new EngineError(
      'invalid-argument',
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    );
  bytes(buffer, 'log option max-buffer-size');
}

function count(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new EngineError('invalid-argument', `invalid log option max-file: ${JSON.stringify(text)}`);
}
