import type { Namespaces } from '../../../guest-agent/protocol/container-spec.ts';
import { badFlag } from '../command/usage-error.ts';

export interface NamespaceFlags {
  readonly userns?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly cgroupns?: string;
  readonly network?: string;
}

/** `--userns`, `--pid`, `--ipc`, `--uts`, `--cgroupns`, `--network`; empty or absent is the default, private. */
export function parseNamespaces(flags: NamespaceFlags): Namespaces {
  return {
    user: pick('--userns', flags.userns, ['private', 'host']),
    pid: joinable('--pid', flags.pid, ['private', 'host']),
    ipc: joinable('--ipc', flags.ipc, ['private', 'shareable', 'host', 'none']),
    uts: pick('--uts', flags.uts, ['private', 'host']),
    cgroup: pick('--cgroupns', flags.cgroupns, ['private', 'host']),
    network: parseNetworkName(flags.network),
  };
}

/** Also a mode. */
export function parseNetworkName(value: string | undefined, flag = '--network'): string {
  if (value === undefined || value === '' || value === 'default') return 'bridge';
  if (/^container:/.test(value)) return checkJoin(flag, value);
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value)) return value;
  throw badFlag(
    flag,
    value,
    'it is not a network',
    'Use bridge, host, none, container:NAME, or a network of `berth network ls`.',
  );
}

function pick<const T extends string>(flag: string, value: string | undefined, known: readonly T[]): T {
  const word = value === undefined || value === '' ? 'private' : value;
  const found = known.find((one) => one === word);
  if (found !== undefined) return found;
  throw badFlag(flag, word, 'it is not a mode of this namespace', `Use ${known.join(' or ')}.`);
}

function joinable<const T extends string>(
  flag: string,
  value: string | undefined,
  known: readonly T[],
): T | `container:${string}` {
  if (value?.startsWith('container:') === true) return checkJoin(flag, value);
  const word = value === undefined || value === '' ? 'private' : value;
  const found = known.find((one) => one === word);
  if (found !== undefined) return found;
  throw badFlag(flag, word, 'it is not a mode of this namespace', `Use ${known.join(', ')} or container:NAME.`);
}

function checkJoin(flag: string, value: string): `container:${string}` {
  const name = value.slice('container:'.length);
  if (name !== '') return `container:${name}`;
  throw badFlag(flag, value, 'the container is missing', 'Write container:NAME.');
}
