/** Looks up what {@link explainName} decides on. */
import { containerMethods, explainMethods, type ContainerInfo } from '../../../guest-agent/protocol/index.ts';
import type { Machine } from '../machine-services.ts';
import type { NameFacts } from './name-plan.ts';

/** @throws EngineError `no-such-container` */
export async function nameFacts(machine: Machine, name: string, from: string | undefined): Promise<NameFacts> {
  const parts = machine.usable;
  const common = { name, machine: machine.name, engine: machine.engine.state, bearers: [] };
  if (parts === undefined || (common.engine.status === 'running' && common.engine.agentLost)) return common;
  const { guest } = parts;
  const info =
    from === undefined ? undefined : await guest.call(containerMethods.inspect, { id: from }, { repeat: true });
  const all = await guest.call(containerMethods.list, { all: true }, { repeat: true });
  const way = await guest.call(
    explainMethods.name,
    { name, ...(info !== undefined && { container: info.id }) },
    { repeat: true },
  );
  return {
    ...common,
    bearers: all.filter((one) => bears(one, name)).map(personOf),
    ...(info !== undefined && { asker: personOf(info) }),
    way,
  };
}

function personOf(info: ContainerInfo): NameFacts['bearers'][number] {
  const runs = info.state.status === 'running' || info.state.status === 'paused';
  return { name: info.name, runs, networks: networksOf(info) };
}

/** Those that it is on, or will be with its next start. */
function networksOf({ endpoints, spec }: ContainerInfo): string[] {
  if (endpoints.length > 0) return endpoints.map(({ network }) => network);
  const mode = spec.namespaces.network;
  const own = ['host', 'none'].includes(mode) || mode.startsWith('container:') ? [] : [mode];
  return spec.networks === undefined || spec.networks.length === 0 ? own : spec.networks.map(({ network }) => network);
}

function bears(info: ContainerInfo, name: string): boolean {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  const aliases = (info.spec.networks ?? []).flatMap((settings) => settings.aliases);
  const names = [info.name, info.id.slice(0, 12), info.spec.hostname, ...aliases].filter((one) => one !== '');
  const full = networksOf(info).flatMap((network) => names.map((one) => `${one}.${network}`));
  return [...names, ...full].some((one) => one.toLowerCase() === wanted);
}
