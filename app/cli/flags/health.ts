/** `--restart` and the `--health-*` options, as Docker writes them. */
import type { RunConfig } from '../../contract/run-config.ts';
import type { OptionSpec } from '../command/spec.ts';
import type { Options } from '../command/options.ts';
import { badFlag } from '../command/usage-error.ts';
import { parseInteger } from './numbers.ts';
import { parseDuration } from './time.ts';

const policies = ['no', 'always', 'unless-stopped', 'on-failure'] as const;

export const restartOption: OptionSpec = {
  name: 'restart',
  value: 'POLICY',
  help: 'When to start it again by itself: no, always, unless-stopped, on-failure[:RETRIES]',
  complete: policies,
};

export const healthOptions: readonly OptionSpec[] = [
  { name: 'health-cmd', value: 'COMMAND', help: 'Command that checks whether it is well' },
  { name: 'health-interval', value: 'DURATION', help: 'Time between two checks (30s)' },
  { name: 'health-timeout', value: 'DURATION', help: 'Time that a check may take (30s)' },
  { name: 'health-retries', value: 'NUMBER', help: 'Failures in a row that make it unhealthy (3)' },
  { name: 'health-start-period', value: 'DURATION', help: 'Time in which failures do not count (0s)' },
  { name: 'health-start-interval', value: 'DURATION', help: 'Time between two checks in the start period (5s)' },
  { name: 'no-healthcheck', help: "Leave the image's check out" },
];

export function parseRestart(text: string, flag = '--restart'): NonNullable<RunConfig['restart']> {
  const [word, retries] = text.split(':', 2);
  const name = policies.find((policy) => policy === (word === '' ? 'no' : word));
  if (name === undefined) throw badFlag(flag, text, 'there is no such policy', `Use ${policies.join(', ')}.`);
  return { name, maximumRetries: retries === undefined ? 0 : parseInteger(retries, flag, { from: 0 }) };
}

export function readHealthcheck(options: Options): RunConfig['healthcheck'] {
  if (options.flag('no-healthcheck')) return { test: ['NONE'] };
  const time = (name: string): number | undefined => milliseconds(options.text(name), `--${name}`);
  const command = options.text('health-cmd');
  const retries = options.text('health-retries');
  const check = {
    test: command === undefined ? undefined : ['CMD-SHELL', command],
    interval: time('health-interval'),
    timeout: time('health-timeout'),
    startPeriod: time('health-start-period'),
    startInterval: time('health-start-interval'),
    retries: retries === undefined ? undefined : parseInteger(retries, '--health-retries', { from: 0 }),
  };
  const given = Object.entries(check).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function milliseconds(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const nano = text === '0' ? 0n : parseDuration(text);
  if (nano !== undefined && (nano === 0n || nano >= 1_000_000n)) return Number(nano / 1_000_000n);
  throw badFlag(flag, text, 'it is not a time of at least 1ms', 'Write it as 500ms, 30s or 1m30s.');
}
