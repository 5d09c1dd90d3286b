/** A container on its networks: at start, and while it runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayNetwork, isBridged, wantedNetworks } from '../plan/gateway-choice.ts';
import type { BridgeEndpoint } from '../plan/context.ts';
import { deleteLinkOp, endpointOps, routeOps, vethOps } from '../plan/network-plan.ts';
import type { ContainerSpec, EndpointSettings } from '../protocol/container-spec.ts';
import type { Endpoint } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Member } from './bridged-network.ts';
import type { Container } from './container.ts';
import { isActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { hostInterface } from './paths.ts';
import type { ContainerRecord } from './records.ts';

type Subject = Pick<ContainerRecord, 'id' | 'name' | 'spec'>;

/** That of its mode first. */
export function networksOf(spec: ContainerSpec): readonly EndpointSettings[] {
  return spec.networks ?? wantedNetworks(spec.namespaces.network, []);
}

/**
 * Every network that a new container is to be on, by its name.
 * @throws EngineError `no-such-network`, `invalid-argument`
 */
export function checkedNetworks(
  engine: Engine,
  { namespaces, networks = [], macAddress }: ContainerSpec,
): EndpointSettings[] {
  const mode = namespaces.network;
  if (!isBridged(mode)) {
    if (networks.length === 0) return [];
    throw new EngineError('invalid-argument', `A container with the network mode ${mode} can be on no other network.`, {
      hint: 'Leave the other networks out, or choose a network of your own in its place.',
    });
  }
  const named = networks.map((settings) => ({
    ...settings,
    network: engine.networks.get(settings.network).record.name,
  }));
  const wanted = wantedNetworks(engine.networks.get(mode).record.name, named);
  const names = new Set(wanted.map(({ network }) => network));
  if (names.size < wanted.length)
    throw new EngineError('invalid-argument', 'A network is named twice.', { hint: 'Name each network once.' });
  const [first, ...others] = wanted;
  const all = first === undefined ? [] : [{ ...first, macAddress: first.macAddress || macAddress }, ...others];
  for (const settings of all) engine.networks.get(settings.network).check(settings);
  return all;
}

function memberOf({ id, name, spec }: Subject): Member {
  return { id, name, hostname: spec.hostname };
}

/** What it would get on each of its networks; nothing is taken. */
export function sampleEndpoints(engine: Engine, subject: Subject): Endpoint[] {
  return networksOf(subject.spec).map((settings, number) => ({
    ...engine.networks.get(settings.network).sample(memberOf(subject), settings),
    interface: `eth${number}`,
  }));
}

/** Onto all of its networks, or none. */
export function joinNetworks(engine: Engine, subject: Subject): Endpoint[] {
  try {
    return networksOf(subject.spec).map((settings) => engine.networks.join(memberOf(subject), settings));
  } catch (error) {
    engine.networks.leave(subject.id);
    throw error;
  }
}

/**
 * Those of an ended run. They go with its network namespace, but that may live on: for whoever joined it, and for a moment
 * in the kernel. What is at its address or has its interface's name must not be the next one's.
 */
export async function removeCables(engine: Engine, { id, endpoints }: ContainerRecord): Promise<void> {
  for (const { interface: inside } of endpoints) {
    const name = hostInterface(id, inside);
    if (!existsSync(join(engine.paths.interfaces, name))) continue;
    // The kernel may have been quicker.
    await engine.effects.apply([deleteLinkOp(name)]).catch(() => undefined);
  }
}

/** That by which its default route goes, and to which published ports lead. */
export function gatewayEndpoint(
  engine: Engine,
  spec: ContainerSpec,
  endpoints: readonly Endpoint[],
): Endpoint | undefined {
  const settings = networksOf(spec);
  const chosen = leading(
    engine,
    endpoints.map(({ network }) => ({ ...settings.find((one) => one.network === network), network })),
  );
  return endpoints.find(({ network }) => network === chosen);
}

function leading(
  engine: Engine,
  settings: readonly Pick<EndpointSettings, 'network' | 'gatewayPriority'>[],
): string | undefined {
  const ways = settings.map(({ network, gatewayPriority: priority = 0 }) => {
    const { name, internal } = engine.networks.get(network).record;
    return { network: name, internal, priority };
  });
  return gatewayNetwork(ways);
}

/**
 * Where the host listens for its ports that name no address; empty: the host's choice. Nothing is taken.
 * @throws EngineError `no-such-network`
 */
export function hostBinding(
  engine: Engine,
  {
    namespaces,
    networks = [],
  }: Pick<ContainerSpec, 'networks'> & { namespaces: Pick<ContainerSpec['namespaces'], 'network'> },
): string {
  const chosen = leading(engine, wantedNetworks(namespaces.network, networks));
  return chosen === undefined ? '' : engine.networks.get(chosen).options.hostBinding;
}

export function bridgeEndpoints(
  engine: Engine,
  { id, spec }: Subject,
  endpoints: readonly Endpoint[],
): BridgeEndpoint[] {
  const chosen = gatewayEndpoint(engine, spec, endpoints);
  return endpoints.map((endpoint) => bridgeEndpoint(engine, id, endpoint, endpoint === chosen));
}

function bridgeEndpoint(engine: Engine, id: string, endpoint: Endpoint, leadsOut: boolean): BridgeEndpoint {
  const { ipv4, prefixLength, gateway, macAddress, ipv6, ipv6PrefixLength = 64, ipv6Gateway = '' } = endpoint;
  const { bridge, mtu, icc } = engine.networks.get(endpoint.network).options;
  const containerInterface = endpoint.interface ?? 'eth0';
  return {
    ...{ bridge, containerInterface, mac: macAddress, ipv4, prefixLength, isolated: !icc },
    hostInterface: hostInterface(id, containerInterface),
    gateway: leadsOut ? gateway : '',
    ...(ipv6 !== undefined && {
      ipv6: { address: ipv6, prefixLength: ipv6PrefixLength, gateway: leadsOut ? ipv6Gateway : '' },
    }),
    ...(mtu !== undefined && { mtu }),
  };
}

/** @throws EngineError `no-such-container`, `no-such-network`, `wrong-state`, `in-use`, `invalid-argument` */
export function connectContainer(engine: Engine, reference: string, wanted: EndpointSettings): Promise<void> {
  const container = engine.containers.get(reference);
  return container.mutex.run(async () => {
    const { record } = container;
    requireOwnNetwork(record.spec);
    const network = engine.networks.get(wanted.network);
    const settings = { ...wanted, network: network.record.name };
    if (networksOf(record.spec).some((one) => one.network === settings.network))
      throw new EngineError(
        'wrong-state',
        `endpoint with name ${record.name} already exists in network ${settings.network}`,
        { hint: 'Disconnect it first.' },
      );
    network.check(settings);
    const before = record.spec;
    record.spec = { ...before, networks: [...networksOf(before), settings] };
    try {
      if (isActive(record.state)) await plugIn(engine, container, settings);
    } catch (error) {
      record.spec = before;
      engine.networks.leaveOne(record.id, network);
      throw error;
    }
    engine.store.saveContainer(record);
  });
}

async function plugIn(engine: Engine, { record }: Container, settings: EndpointSettings): Promise<void> {
  if (!isActive(record.state)) return;
  const { pid } = record.state;
  await engine.networks.ready();
  const joined = engine.networks.join(memberOf(record), settings);
  const endpoints = engine.networks.of(record.id).map(({ endpoint }) => endpoint);
  const planned = bridgeEndpoints(engine, record, endpoints).find((one) => one.containerInterface === joined.interface);
  if (planned === undefined) throw new EngineError('internal', 'The new endpoint is not known.');
  await engine.effects.apply(vethOps(planned, pid));
  try {
    await engine.effects.apply(endpointOps(planned), pid);
    await followGateway(engine, record, endpoints);
    if (joined.dnsNames !== undefined) await engine.nameServer.open(record.id, pid);
  } catch (error) {
    await engine.effects.apply([deleteLinkOp(planned.hostInterface)]).catch(() => undefined);
    throw error;
  }
  record.endpoints = endpoints;
}

/** @throws EngineError `no-such-container`, `no-such-network`, `wrong-state` */
export async function disconnectContainer(
  engine: Engine,
  { network: wanted, container: reference, force }: { network: string; container: string; force: boolean },
): Promise<void> {
  const network = engine.networks.get(wanted);
  const container = force ? engine.containers.find(reference) : engine.containers.get(reference);
  if (container === undefined) return;
  await container.mutex.run(async () => {
    const { record } = container;
    const { name } = network.record;
    const left = networksOf(record.spec).filter((one) => one.network !== name);
    if (left.length === networksOf(record.spec).length) {
      if (force) return;
      throw new EngineError('wrong-state', `container ${record.name} is not connected to network ${name}`, {
        hint: 'See its networks with "berth inspect".',
      });
    }
    if (isActive(record.state)) await unplug(engine, container, name);
    engine.networks.leaveOne(record.id, network);
    record.spec = { ...record.spec, networks: left };
    record.endpoints = record.endpoints.filter((endpoint) => endpoint.network !== name);
    engine.store.saveContainer(record);
  });
}

async function unplug(engine: Engine, { record }: Container, network: string): Promise<void> {
  if (!isActive(record.state)) return;
  const all = engine.networks.of(record.id).map(({ endpoint }) => endpoint);
  const gone = bridgeEndpoints(engine, record, all)[all.findIndex((endpoint) => endpoint.network === network)];
  if (gone === undefined) return;
  await engine.effects.apply([deleteLinkOp(gone.hostInterface)]);
  await followGateway(
    engine,
    record,
    all.filter((endpoint) => endpoint.network !== network),
  );
}

/** The default route and the published ports go by the network that is the first choice now. */
async function followGateway(engine: Engine, record: ContainerRecord, endpoints: readonly Endpoint[]): Promise<void> {
  const chosen = gatewayEndpoint(engine, record.spec, endpoints);
  if (chosen === undefined || !isActive(record.state)) return;
  const routes = routeOps(bridgeEndpoint(engine, record.id, chosen, true));
  await engine.effects.apply(routes, record.state.pid);
  await engine.networks.ports.move(record.id, chosen);
}

function requireOwnNetwork({ namespaces: { network } }: ContainerSpec): void {
  if (isBridged(network)) return;
  const what = network.startsWith('container:') ? 'the network of another container' : `the network mode ${network}`;
  throw new EngineError(
    'wrong-state',
    `container sharing network namespace with another container or host cannot be connected to any other network: it has ${what}`,
    { hint: 'Make the container again with a network of its own.' },
  );
}
