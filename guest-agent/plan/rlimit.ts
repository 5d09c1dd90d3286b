/** Resource limits: getrlimit(2), asm-generic/resource.h. */
import { EngineError } from '../protocol/errors.ts';
import type { Op } from './op.ts';

export const rlimitNames = [
  ...['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as', 'locks', 'sigpending'],
  ...['msgqueue', 'nice', 'rtprio', 'rttime'],
];

export const unlimited = 2n ** 64n - 1n;

/** The kernel refuses more open files than fs.nr_open, which is at least this. */
const generousFiles = 1_048_576n;

export interface Rlimit {
  name: string;
  /** -1: unlimited. */
  soft: number;
  hard: number;
}

function limitValue(value: number): bigint {
  return value === -1 ? unlimited : BigInt(value);
}

function resourceNumber(name: string): number {
  const number = rlimitNames.indexOf(name.toLowerCase().replace(/^rlimit_/, ''));
  if (number === -1)
    throw new EngineError('invalid-argument', `unknown limit "${name}"`, {
      hint: `Limits are ${rlimitNames.join(', ')}.`,
    });
  return number;
}

/**
 * `before` lifts the monitor's limits, for the container to inherit: it has no privilege to do so. `inside` sets them late, so that a
 * small one does not hinder the making of the container.
 */
export function rlimitOps(limits: readonly Rlimit[]): { before: Op[]; inside: Op[] } {
  const checked = limits.map(({ name, soft, hard }) => {
    const [softValue, hardValue] = [limitValue(soft), limitValue(hard)];
    if (soft < -1 || hard < -1 || softValue > hardValue)
      throw new EngineError('invalid-argument', `--ulimit ${name}: soft ${soft} is above hard ${hard}`, {
        hint: 'Give soft:hard with soft at most hard; -1 is unlimited.',
      });
    return { name, resource: resourceNumber(name), soft: softValue, hard: hardValue };
  });
  return {
    before: checked.map(({ name, resource, hard }) => {
      const most = name.toLowerCase().endsWith('nofile') ? (hard > generousFiles ? hard : generousFiles) : unlimited;
      return { op: 'rlimit', resource, soft: most, hard: most, why: `room for --ulimit ${name}, which is set last` };
    }),
    inside: checked.map(({ name, resource, soft, hard }) => ({
      op: 'rlimit',
      resource,
      soft,
      hard,
      why: `--ulimit ${name}`,
    })),
  };
}
