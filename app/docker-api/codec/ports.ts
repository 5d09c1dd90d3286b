import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { CreateRequest } from './host-config.ts';

type Port = RunConfig['ports'][number];

/** Of a key without bindings, as of one with an empty one, the port of the host is any free one. */
export function portsFrom({ HostConfig: host }: CreateRequest): Port[] {
  return Object.entries(host.PortBindings).flatMap(([key, bindings]) => {
    const port = portKey(key);
    const own = bindings.length > 0 ? bindings : [{ HostIp: '', HostPort: '' }];
    return own.map(({ HostIp, HostPort }) => ({ ...port, hostAddress: HostIp, ...hostPorts(HostPort) }));
  });
}

/** Keys whose bindings are said to be none, which newer versions of the API are warned of. */
export function unboundPorts({ HostConfig: host }: CreateRequest): string[] {
  return Object.keys(host.PortBindings).filter((key) => host.PortBindings[key]?.length === 0);
}

/** `80`, `80/tcp`, `53/udp`. @throws EngineError `invalid-argument` */
export function portKey(text: string): Pick<Port, 'containerPort' | 'protocol'> {
  const match = /^([0-9]{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const containerPort = Number(match?.[1] ?? 0);
  if (containerPort < 1 || containerPort > 65_535)
    throw new EngineError('invalid-argument', `invalid port specification: ${JSON.stringify(text)}`);
  return { containerPort, protocol: match?.[2] === 'udp' ? 'udp' : 'tcp' };
}

/** Empty: any free one; of a range, the first free one. @throws EngineError `invalid-argument` */
function hostPorts(text: string): Pick<Port, 'hostPort' | 'hostPortEnd'> {
  const match = /^(?:([0-9]{1,5})(?:-([0-9]{1,5}))?)?$/.exec(text);
  const first = Number(match?.[1] ?? 0);
  const last = Number(match?.[2] ?? first);
  if (match === null || last > 65_535 || last < first)
    throw new EngineError('invalid-argument', `invalid port specification: ${JSON.stringify(text)}`);
  return last > first ? { hostPort: first, hostPortEnd: last } : { hostPort: first };
}
