/** Looks up what {@link explainPort} decides on. */
import { isIPv4 } from 'node:net';
import {
  containerMethods,
  explainMethods,
  networkMethods,
  type ContainerInfo,
  type PortMapping,
  type PortWay,
} from '../../../guest-agent/protocol/index.ts';
import type { Machine } from '../machine-services.ts';
import type { Parts } from '../parts.ts';
import type { ActiveForward } from '../port-forwards.ts';
import type { PortFacts, Publisher } from './port-plan.ts';

/** Who listens on a port of this host, as `name (process N)`; undefined where that cannot be seen. */
export type PortHolder = (port: number, protocol: 'tcp' | 'udp') => Promise<string | undefined>;

export interface PortSubject {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export async function portFacts(machine: Machine, holderOf: PortHolder, subject: PortSubject): Promise<PortFacts> {
  const parts = machine.usable;
  const common = { ...subject, machine: machine.name, engine: machine.engine.state };
  if (parts === undefined || (common.engine.status === 'running' && common.engine.agentLost)) return common;
  const holder = await holderOf(subject.port, subject.protocol);
  const ours = [parts.session.vm.pid, process.pid].find((pid) => holder?.endsWith(`(process ${pid})`) === true);
  const text = ours === undefined ? holder : `the engine (process ${ours})`;
  const publisher = await publisherOf(parts, subject, holder !== undefined || machine.hostOs !== 'linux');
  return { ...common, holder: text === undefined ? undefined : { text, ours: ours !== undefined }, publisher };
}

interface Candidate {
  readonly info: ContainerInfo;
  readonly containerPort: number;
  readonly open: readonly ActiveForward[];
}

/** @param answers whether somebody listens there at all: on Linux programs of one's own are always seen */
async function publisherOf(
  parts: Parts,
  { port, protocol }: PortSubject,
  answers: boolean,
): Promise<Publisher | undefined> {
  const { guest, ports, session } = parts;
  const active = ports.on(port, protocol);
  const all = await guest.call(containerMethods.list, { all: true }, { repeat: true });
  const chosen = all
    .flatMap((info) => candidateOf(info, active, { port, protocol }))
    .toSorted((a, b) => rank(b) - rank(a))[0];
  if (chosen === undefined) return undefined;
  const { info, containerPort, open } = chosen;
  const guestPort = open[0]?.guestPort ?? (await publishedPort(parts, { info, containerPort, protocol }));
  const way = runs(info) ? await wayOf(parts, { info, containerPort, protocol, guestPort }) : undefined;
  const addresses = info.endpoints.map(({ ipv4 }) => ipv4);
  const address = addresses.find((one) => one === way?.rule?.address) ?? addresses[0];
  const failure = ports.failureOf(info.id)?.message;
  const forwards = session.vm.hostForwards !== undefined;
  return {
    ...{ container: info.name, state: info.state, containerPort },
    open: open.map(({ hostAddress }) => listenerOf(hostAddress, port, { answers, forwards })),
    ...{ failure, guestPort, address, way },
  };
}

function listenerOf(
  host: string,
  port: number,
  { answers, forwards }: { answers: boolean; forwards: boolean },
): Publisher['open'][number] {
  return {
    address: `${isIPv4(host) ? host : `[${host}]`}:${port}`,
    by: forwards && isIPv4(host) ? 'by the hypervisor’s own forwarding' : 'by a relay of the host service',
    answers,
  };
}

interface InGuest extends Pick<Candidate, 'info' | 'containerPort'> {
  readonly protocol: 'tcp' | 'udp';
}

async function publishedPort({ guest }: Parts, { info, ...port }: InGuest): Promise<number | undefined> {
  const all = await guest.call(networkMethods.published, {}, { repeat: true });
  return all.find(
    ({ container, containerPort, protocol }) =>
      container === info.id && containerPort === port.containerPort && protocol === port.protocol,
  )?.guestPort;
}

function wayOf(
  { guest }: Parts,
  { info, guestPort = 0, ...port }: InGuest & { guestPort: number | undefined },
): Promise<PortWay> {
  return guest.call(explainMethods.port, { container: info.id, guestPort, ...port }, { repeat: true });
}

function candidateOf(info: ContainerInfo, active: readonly ActiveForward[], subject: PortSubject): Candidate[] {
  const open = active.filter(({ container }) => container === info.id);
  const containerPort = open[0]?.containerPort ?? info.spec.ports.find((one) => publishes(one, subject))?.containerPort;
  return containerPort === undefined ? [] : [{ info, containerPort, open }];
}

function publishes({ hostPort, hostPortEnd = hostPort, protocol }: PortMapping, subject: PortSubject): boolean {
  return protocol === subject.protocol && hostPort <= subject.port && subject.port <= hostPortEnd;
}

const runs = ({ state }: ContainerInfo): boolean => state.status === 'running' || state.status === 'paused';
/** The one that has the port, or else one that would have it. */
const rank = ({ info, open }: Candidate): number => (open.length > 0 ? 2 : runs(info) ? 1 : 0);
