/** From facts about a published port to the steps of its way: host listener, boundary, guest rule, container, process. */
import type { EngineState, Explanation, Hop } from '../../contract/index.ts';
import type { ContainerState, ListeningSocket, PortWay } from '../../../guest-agent/protocol/index.ts';
import { broken, explanation, listed, machineHop, unknown, works } from './hop-plan.ts';

export interface PortFacts {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly machine: string;
  readonly engine: EngineState;
  /** Who listens on the port on this host, where that can be seen. */
  readonly holder?: { readonly text: string; readonly ours: boolean };
  /** The container that publishes it; of several the one that has it. */
  readonly publisher?: Publisher;
}

export interface Publisher {
  readonly container: string;
  readonly state: ContainerState;
  readonly containerPort: number;
  /** Addresses of the host on which it is open, and how its bytes reach the guest. */
  readonly open: readonly { readonly address: string; readonly by: string; readonly answers: boolean }[];
  /** Why it could not be opened. */
  readonly failure?: string;
  /** Of the guest, that stands for it. */
  readonly guestPort?: number;
  /** Its own, on the network by which published ports come. */
  readonly address?: string;
  /** Absent when the guest was not asked, or could not tell. */
  readonly way?: PortWay;
}

export function explainPort(facts: PortFacts): Explanation {
  const { port, protocol, machine, engine, publisher } = facts;
  const subject = `port ${port}/${protocol}`;
  const stopped = machineHop(machine, engine);
  if (stopped !== undefined) return explanation(subject, [stopped], '');
  if (publisher === undefined) return explanation(subject, [unpublished(facts)], '');
  const hops = [
    listenerHop(facts, publisher),
    boundaryHop(publisher),
    ruleHop(publisher),
    containerHop(publisher),
    processHop(publisher, protocol),
  ];
  return explanation(subject, hops, `port ${port} of this host leads to ${publisher.container}, and is answered there`);
}

const names = {
  listener: 'host listener',
  boundary: 'boundary',
  rule: 'guest rule',
  container: 'container',
  process: 'process',
} as const;

const isActive = ({ state }: Publisher): boolean => state.status === 'running' || state.status === 'paused';

function unpublished({ port, protocol, holder }: PortFacts): Hop {
  const suffix = protocol === 'udp' ? '/udp' : '';
  const held = holder === undefined || holder.ours ? '' : `; ${holder.text} listens there`;
  const flag = `-p ${port}:PORT${suffix}`;
  return broken(
    names.listener,
    `no container publishes port ${port}/${protocol} of this host${held}`,
    `publish it when you make the container: berth run ${flag} IMAGE, with the port that its program listens on`,
  );
}

function listenerHop({ port, holder }: PortFacts, publisher: Publisher): Hop {
  const { container, open, failure } = publisher;
  const name = names.listener;
  if (holder !== undefined && !holder.ours && open.length === 0)
    return broken(
      name,
      `${holder.text} holds port ${port} of this host`,
      `stop that program, or make ${container} anew with another port; then: berth restart ${container}`,
    );
  if (!isActive(publisher)) return unknown(name, `closed while ${container} does not run`);
  const deaf = open.filter(({ answers }) => !answers);
  if (open.length === 0 || deaf.length > 0)
    return broken(
      name,
      failure ??
        `nothing listens on ${deaf.length === 0 ? `port ${port}` : listed(deaf.map(({ address }) => address))}`,
      `berth restart ${container}`,
    );
  const held = holder === undefined ? '' : `, held by ${holder.text}`;
  return works(name, `${listed(open.map(({ address }) => address))}${held}`);
}

function boundaryHop({ open, guestPort }: Publisher): Hop {
  const name = names.boundary;
  if (guestPort === undefined) return unknown(name, 'no port of the guest stands for it now');
  const by = [...new Set(open.map((one) => one.by))];
  if (by.length === 0) return unknown(name, `port ${guestPort} of the guest stands for it; nothing leads there`);
  return works(name, `to port ${guestPort} of the guest ${listed(by)}`);
}

function ruleHop(publisher: Publisher): Hop {
  const { container, guestPort, way, address, containerPort } = publisher;
  const name = names.rule;
  if (way === undefined || guestPort === undefined)
    return unknown(name, 'there is none while the container does not run');
  const again = `berth restart ${container}`;
  if (way.rule === undefined) return broken(name, `no rule of the packet filter leads port ${guestPort} on`, again);
  const target = `${way.rule.address}:${way.rule.port}`;
  if (address !== undefined && (way.rule.address !== address || way.rule.port !== containerPort))
    return broken(name, `port ${guestPort} is led to ${target}, where ${container} is not`, again);
  return works(name, `port ${guestPort} is led to ${target}`);
}

function containerHop({ container, state, address, containerPort }: Publisher): Hop {
  const name = names.container;
  switch (state.status) {
    case 'running':
      return works(
        name,
        `${container} runs${address === undefined ? '' : ` at ${address}`}, and publishes its port ${containerPort}`,
      );
    case 'paused':
      return broken(name, `${container} is paused`, `berth unpause ${container}`);
    case 'created':
      return broken(name, `${container} was never started`, `berth start ${container}`);
    case 'exited': {
      const why = state.error ?? `code ${state.exitCode}${state.oomKilled ? ', out of memory' : ''}`;
      return broken(
        name,
        `${container} has ended: ${why}`,
        `berth start ${container}; why it ended: berth logs ${container}`,
      );
    }
  }
}

function processHop(publisher: Publisher, protocol: 'tcp' | 'udp'): Hop {
  const { container, containerPort: port, way, state } = publisher;
  const name = names.process;
  if (way === undefined) return unknown(name, 'none runs');
  const here = way.listeners.filter((one) => one.port === port);
  if (here.length === 0) return silent(publisher, way, protocol);
  const reachable = here.filter(({ address }) => takes(address, publisher.address));
  const all = listed(here.map(shown));
  if (way.reached === 'refused' && here.every(({ address }) => address.includes(':') && !isLoopback(address)))
    return onIpv6Alone(publisher, way, `in ${container} ${all}, on IPv6 alone`);
  if (reachable.length === 0)
    return broken(
      name,
      `in ${container} ${all}${here.every(({ address }) => isLoopback(address)) ? ' only, which nobody outside of the container reaches' : ', not on the address to which the port leads'}`,
      `let the program listen on all addresses (0.0.0.0); many take an option like --host 0.0.0.0 or --bind 0.0.0.0`,
    );
  if (way.reached === 'refused')
    return broken(name, `in ${container} ${all}, but connections are refused`, `berth restart ${container}`);
  if (way.reached === 'silent' && state.status === 'running')
    return broken(
      name,
      `in ${container} ${all}, but takes no connection`,
      `it is overloaded, hangs, or a packet filter in the container drops them: berth logs ${container}, berth top ${container}`,
    );
  return works(name, `in ${container} ${all}`);
}

/** IPv4 connections are refused; addresses of IPv6 lead to the container's own, if it has one. */
function onIpv6Alone({ open }: Publisher, { reachedByIpv6 }: PortWay, what: string): Hop {
  const name = names.process;
  const every = 'let the program listen on all addresses of IPv4, too (0.0.0.0)';
  if (reachedByIpv6 === undefined)
    return broken(
      name,
      `${what}, and the container has no address of that`,
      `${every}, or make its network with --ipv6`,
    );
  const [six] = open.filter(({ address }) => address.startsWith('['));
  const fix = six === undefined ? every : `use ${six.address}, or ${every}`;
  if (reachedByIpv6 !== 'accepted') return broken(name, `${what}, and takes no connection there`, every);
  return open.every((one) => one === six) ? works(name, what) : broken(name, `${what}: IPv4 is refused`, fix);
}

function silent({ container, containerPort: port }: Publisher, { listeners }: PortWay, protocol: 'tcp' | 'udp'): Hop {
  const elsewhere = listeners.filter(({ address }) => !isLoopback(address));
  const [other] = elsewhere;
  const instead = other === undefined ? '' : `; ${listed(elsewhere.map(shown))}`;
  return broken(
    names.process,
    `nothing in ${container} listens on port ${port}/${protocol}${instead}`,
    other === undefined
      ? `see whether its program has begun: berth logs ${container}`
      : `publish the port that the program uses (-p HOSTPORT:${other.port}), or let it listen on ${port}`,
  );
}

function shown({ address, port, command, pid }: ListeningSocket): string {
  const who = command === undefined || pid === undefined ? 'a program' : `${command} (pid ${pid} in the guest)`;
  return `${who} listens on ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

const isLoopback = (address: string): boolean =>
  /^127\./.test(address) || address === '::1' || /^::ffff:(127\.|7f)/i.test(address);
const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** A socket on all addresses, or on the one to which the port leads; of IPv6 an IPv4 address may be mapped. */
function takes(address: string, own: string | undefined): boolean {
  if (isLoopback(address)) return false;
  return isAny(address) || own === undefined || address === own || address.startsWith('::ffff:');
}
