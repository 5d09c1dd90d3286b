import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { CreateRequest } from './host-config.ts';

type Namespaces = RunConfig['namespaces'];

/** @throws EngineError `invalid-argument` */
export function namespacesFrom(request: CreateRequest): Namespaces {
  const { HostConfig: host } = request;
  return {
    user: pick('user namespace', host.UsernsMode, ['private', 'host']),
    pid: joined(host.PidMode) ?? pick('PID', host.PidMode, ['private', 'host']),
    ipc: joined(host.IpcMode) ?? pick('IPC', host.IpcMode, ['private', 'shareable', 'host', 'none']),
    uts: pick('UTS', host.UTSMode, ['private', 'host']),
    cgroup: pick('cgroup namespace', host.CgroupnsMode, ['private', 'host']),
    network: networkOf(request),
  };
}

function networkOf({ HostConfig: { NetworkMode }, NetworkDisabled, NetworkingConfig }: CreateRequest): string {
  if (NetworkDisabled) return 'none';
  if (!['', 'default'].includes(NetworkMode)) return joined(NetworkMode) ?? NetworkMode;
  const [first] = Object.keys(NetworkingConfig.EndpointsConfig);
  return first === undefined || first === 'default' ? 'bridge' : first;
}

function joined(mode: string): `container:${string}` | undefined {
  if (!mode.startsWith('container:')) return undefined;
  const name = mode.slice('container:'.length);
  if (name === '') throw new EngineError('invalid-argument', `invalid mode: ${mode}: the container is missing`);
  return `container:${name}`;
}

function pick<const T extends string>(what: string, mode: string, known: readonly [T, ...T[]]): T {
  if (mode === '') return known[0];
  const found = known.find((one) => one === mode);
  if (found !== undefined) return found;
  throw new EngineError('invalid-argument', `invalid ${what} mode: ${mode}`);
}
