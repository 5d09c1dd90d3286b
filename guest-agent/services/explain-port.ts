/** A published port from the guest on: the packet filter's rule, the container's sockets, a connection that is tried. */
import { connect } from 'node:net';
import type { PortWay } from '../protocol/explain.ts';
import { requireActive } from './container-state.ts';
import type { Engine } from './engine.ts';

/** Milliseconds for the connection. */
const patience = 2000;

export interface PortQuestion {
  readonly container: string;
  readonly protocol: 'tcp' | 'udp';
  readonly guestPort: number;
  readonly containerPort: number;
}

/** @throws EngineError `no-such-container`, `wrong-state` */
export async function portWay(
  { containers, effects }: Pick<Engine, 'containers' | 'effects'>,
  { container, protocol, guestPort, containerPort }: PortQuestion,
): Promise<PortWay> {
  const { name, record } = containers.get(container);
  const { pid } = requireActive(name, record.state);
  const rules = await effects.read('portRules', { protocol });
  const rule = rules.find((one) => one.guestPort === guestPort);
  const listeners = await effects.read('listeners', { pid, protocol });
  const endpoint = record.endpoints.find(({ ipv4 }) => ipv4 === rule?.address) ?? record.endpoints[0];
  const address = rule?.address ?? endpoint?.ipv4;
  const somebody = listeners.some(({ address: own, port }) => port === containerPort && !/^127\.|^::1$/.test(own));
  const reach = (host: string | undefined) =>
    protocol === 'tcp' && somebody && host !== undefined ? tried(host, containerPort) : 'untried';
  const reached = await reach(address);
  return {
    ...(rule !== undefined && { rule: { address: rule.address, port: rule.port } }),
    listeners: [...listeners],
    reached,
    ...(endpoint?.ipv6 !== undefined && { reachedByIpv6: await reach(endpoint.ipv6) }),
  };
}

function tried(host: string, port: number): Promise<PortWay['reached']> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (reached: PortWay['reached']): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.setTimeout(patience, () => finish('silent'));
    socket.once('connect', () => finish('accepted'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
  });
}
