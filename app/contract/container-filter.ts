/** Filters of container lists: values of one key are alternatives, different keys must all hold (labels must all hold). */
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { NetworkInfo } from '../../guest-agent/protocol/network.ts';
import { reachablePorts } from './exposed-ports.ts';
import { stateWord } from './times.ts';

export type Filters = ReadonlyMap<string, readonly string[]>;

/** @throws EngineError `invalid-argument` unless it is a word for yes or no */
export function flagFilter(filters: Filters, key: string): boolean | undefined {
  const [value] = filters.get(key) ?? [];
  if (value === undefined) return undefined;
  if (['1', 'true', 't'].includes(value.toLowerCase())) return true;
  if (['0', 'false', 'f'].includes(value.toLowerCase())) return false;
  throw new EngineError('invalid-argument', `invalid filter '${key}=[${value}]'`, { hint: 'Use true or false.' });
}

type Test = (info: ContainerInfo, value: string, among: FilterFacts & { all: readonly ContainerInfo[] }) => boolean;

const tests: Readonly<Record<string, Test>> = {
  id: (info, value) => info.id.startsWith(value),
  // Docker's names begin with a slash.
  name: (info, value) => matches(info.name, value) || matches(`/${info.name}`, value),
  status: (info, value) => stateWord(info) === value,
  health: ({ health }, value) => (health?.status ?? 'none') === value,
  label: (info, value) => hasLabel(info.spec.labels, value),
  ancestor: ({ spec: { image } }, value, { images }) => image.id === images.get(value),
  exited: ({ state }, value) => state.status === 'exited' && state.exitCode === Number(value),
  network: (info, value, { networks }) =>
    networkNames(info).some((word) => {
      const { id, name } = networks.find((network) => network.name === word || network.id === word) ?? {
        id: '',
        name: word,
      };
      return name === value || (value !== '' && id.startsWith(value));
    }),
  volume: (info, value) => info.spec.mounts.some((mount) => mount.target === value || sourceOf(mount, info) === value),
  publish: ({ id }, value, { ports }) =>
    (ports.get(id) ?? []).some(({ hostPort, protocol }) => isPort(`${hostPort}/${protocol}`, value)),
  expose: (info, value) => reachablePorts(info).some((port) => isPort(port, value)),
  before: (info, value, { all }) => isOlder(info, find(all, value)),
  since: (info, value, { all }) => isOlder(find(all, value), info),
};

export const containerFilterKeys: readonly string[] = Object.keys(tests);
export const containerStates = ['created', 'running', 'paused', 'restarting', 'exited'] as const;
const healthStates: readonly string[] = ['none', 'starting', 'healthy', 'unhealthy'];

/** Of the host. */
interface OpenPort {
  readonly hostPort: number;
  readonly protocol: string;
}

/** What of the machine containers are compared by. */
export interface FilterFacts {
  /** Ids of the images that the words of `ancestor` name. */
  readonly images: ReadonlyMap<string, string>;
  readonly networks: readonly Pick<NetworkInfo, 'id' | 'name'>[];
  /** That are open on the host, by the container's id. */
  readonly ports: ReadonlyMap<string, readonly OpenPort[]>;
}

/** Where to look for them; an image or a container that is not there is answered by undefined and none. */
export interface FilterSources {
  imageId(reference: string): Promise<string | undefined>;
  networks(): Promise<FilterFacts['networks']>;
  ports(info: ContainerInfo): Promise<readonly OpenPort[]>;
}

/** As much as the filters need. */
export async function filterFacts(
  all: readonly ContainerInfo[],
  filters: Filters,
  sources: FilterSources,
): Promise<FilterFacts> {
  const ids = (filters.get('ancestor') ?? []).map(async (word) => [word, (await sources.imageId(word)) ?? ''] as const);
  const published = filters.has('publish') ? all.filter(({ spec }) => spec.ports.length > 0) : [];
  const [images, ports, networks] = await Promise.all([
    Promise.all(ids),
    Promise.all(published.map(async (info) => [info.id, await sources.ports(info)] as const)),
    filters.has('network') ? sources.networks() : [],
  ]);
  return { images: new Map(images), networks, ports: new Map(ports) };
}

/** @throws EngineError `invalid-argument` for a value that means nothing, `no-such-container` for one to compare with */
export function selectContainers(all: readonly ContainerInfo[], filters: Filters, facts: FilterFacts): ContainerInfo[] {
  checkValues(all, filters);
  return all.filter((info) =>
    [...filters].every(([key, values]) => {
      const test = (value: string) => tests[key]?.(info, value, { ...facts, all }) === true;
      return key === 'label' ? values.every(test) : values.some(test);
    }),
  );
}

function checkValues(all: readonly ContainerInfo[], filters: Filters): void {
  const health = filters.get('health')?.find((value) => !healthStates.includes(value));
  if (health !== undefined)
    throw new EngineError('invalid-argument', `Unrecognised filter value for health: ${health}`, {
      hint: `Use ${healthStates.join(', ')}.`,
    });
  for (const key of ['publish', 'expose']) {
    const port = filters.get(key)?.find((value) => !portPattern.test(value));
    if (port !== undefined) throw new EngineError('invalid-argument', `error while looking up for ${key} ${port}`);
  }
  const others = [...(filters.get('before') ?? []), ...(filters.get('since') ?? [])];
  const absent = others.find((value) => find(all, value) === undefined);
  if (absent !== undefined)
    throw new EngineError('no-such-container', `No such container: ${absent}`, { data: { subject: absent } });
}

export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals < 0) return Object.hasOwn(labels, wanted);
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

/** A regular expression, as Docker takes it; not one: a part of the name. */
export function matches(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return name.includes(pattern);
  }
}

/** Those that it is on, or will be when it runs; elsewhere the word of its mode. */
function networkNames({ endpoints, spec: { networks, namespaces } }: ContainerInfo): string[] {
  const mode = namespaces.network;
  const wanted = ['host', 'none'].includes(mode) ? undefined : networks?.map(({ network }) => network);
  return [...endpoints.map(({ network }) => network), ...(wanted ?? [mode])];
}

/** A volume's name, also a made-up one, or the folder of the host. */
function sourceOf(mount: ContainerInfo['spec']['mounts'][number], { volumes = {} }: ContainerInfo): string | undefined {
  if ('hostPath' in mount) return mount.hostPath;
  return mount.type === 'volume' ? volumes[mount.target] || mount.name : undefined;
}

const portPattern = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp|sctp))?$/;

/** @param value `80`, `80/udp`, `8000-8010/tcp` */
function isPort(port: string, value: string): boolean {
  const [, first = '', last = first, wanted = 'tcp'] = portPattern.exec(value) ?? [];
  const [number, protocol] = port.split('/');
  return protocol === wanted && Number(number) >= Number(first) && Number(number) <= Number(last);
}

function find(all: readonly ContainerInfo[], value: string): ContainerInfo | undefined {
  const wanted = value.replace(/^\//, '');
  if (wanted === '') return undefined;
  return all.find(({ name }) => name === wanted) ?? all.find(({ id }) => id.startsWith(wanted));
}

function isOlder(a: ContainerInfo | undefined, b: ContainerInfo | undefined): boolean {
  return a !== undefined && b !== undefined && BigInt(a.createdAt) < BigInt(b.createdAt);
}
