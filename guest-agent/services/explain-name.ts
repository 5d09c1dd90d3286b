/** A name as a container's programs would look it up: its own files, who is asked, what each knows. */
import { readFileSync } from 'node:fs';
import { decode, encode, type Answer } from 'dns-packet';
import { hostsAddresses } from '../plan/hosts-file.ts';
import { hostNames, localAnswers, type NameView } from '../plan/dns-zone.ts';
import type { NameWay } from '../protocol/explain.ts';
import type { LookUpAnswer } from '../protocol/names.ts';
import type { Container } from './container.ts';
import { guestResolvConf, isNamed } from './container-files.ts';
import { askServers, nameServersOf } from './dns-upstream.ts';
import { rcode } from './dns-message.ts';
import type { Engine } from './engine.ts';
import { guestItself } from './name-server.ts';
import { containerDir } from './paths.ts';

const types = ['A', 'AAAA'] as const;

/** @throws EngineError `no-such-container` */
export async function nameWay(engine: Engine, name: string, reference: string | undefined): Promise<NameWay> {
  const asker = reference === undefined ? undefined : networkOwner(engine, engine.containers.get(reference));
  const files = filesOf(engine, asker);
  const servers = nameServersOf(files.resolvConf);
  const answeredBy = answererOf(engine, asker, servers);
  const id = answeredBy === 'embedded' ? (asker?.id ?? guestItself) : guestItself;
  return {
    ...{ hostsFile: hostsAddresses(files.hosts, name), servers, answeredBy },
    open: engine.nameServer.isOpen(id),
    ...(await answersOf(engine, { id, name, answeredBy, servers })),
  };
}

function answererOf(
  { paths }: Engine,
  asker: Container | undefined,
  servers: readonly string[],
): NameWay['answeredBy'] {
  const { endpoints, spec } = asker?.record ?? { endpoints: [] };
  if (endpoints.some(isNamed)) return 'embedded';
  if (servers.length === 0 || spec?.namespaces.network === 'none') return 'nobody';
  const own = nameServersOf(guestResolvConf(paths));
  return servers.some((server) => own.includes(server)) ? 'guest' : 'servers';
}

interface Asked extends Pick<NameWay, 'answeredBy' | 'servers'> {
  /** To the engine's name server. */
  readonly id: string;
  readonly name: string;
}

async function answersOf(
  engine: Engine,
  { id, name, answeredBy, servers }: Asked,
): Promise<Pick<NameWay, 'known' | 'beyond'>> {
  if (answeredBy === 'nobody') return {};
  if (answeredBy === 'servers') return { beyond: await byServers(servers, name) };
  const known = knownTo(engine.nameServer.view(id), name);
  if (known !== undefined) return { known };
  const beyond = engine.nameServer.beyond(id);
  if (beyond === 'nobody') return {};
  return { beyond: beyond === 'host' ? await byHost(engine, name) : await byServers(beyond, name) };
}

/** Whose network namespace it is in. */
function networkOwner({ containers }: Engine, container: Container): Container {
  const [kind, other] = container.record.spec.namespaces.network.split(':');
  return (kind === 'container' && other !== undefined && containers.find(other)) || container;
}

function filesOf({ paths }: Engine, container: Container | undefined): { hosts: string; resolvConf: string } {
  if (container === undefined) return { hosts: '', resolvConf: guestResolvConf(paths) };
  const read = (file: string): string => {
    try {
      return readFileSync(`${containerDir(paths, container.id)}/${file}`, 'utf8');
    } catch {
      return '';
    }
  };
  return { hosts: read('hosts'), resolvConf: read('resolv.conf') };
}

function knownTo(view: NameView, name: string): NameWay['known'] {
  const answers = types.map((type) => localAnswers({ name, type }, view));
  if (answers.every((answer) => answer === undefined)) return undefined;
  const plain = name.toLowerCase().replace(/\.$/, '');
  const isLink = view.links.some(({ names }) => names.some((one) => one.toLowerCase() === plain));
  const as = hostNames.includes(plain) ? 'host' : isLink ? 'link' : 'container';
  return { as, addresses: answers.flatMap((answer) => answer?.map(({ data }) => data) ?? []) };
}

async function byHost({ hostNames: host }: Engine, name: string): Promise<NameWay['beyond']> {
  return { who: 'host', answers: await Promise.all(types.map((type) => host.lookUp({ name, type }))) };
}

async function byServers(servers: readonly string[], name: string): Promise<NameWay['beyond']> {
  const ask = async (type: 'A' | 'AAAA'): Promise<LookUpAnswer> => {
    const query = encode({ type: 'query', id: 1, flags: 0x100, questions: [{ name, type }] });
    const answer = await askServers(servers, query, 'udp');
    if (answer === undefined) return { outcome: 'failed', reason: `${servers.join(', ')} did not answer` };
    const { flags = 0, answers = [] } = decode(answer);
    const code = flags & 15;
    if (code === rcode.noSuchName) return { outcome: 'no-such-name' };
    if (code !== rcode.ok) return { outcome: 'failed', reason: `a name server answered with code ${code}` };
    const records = answers.flatMap((one: Answer) => (one.type === type ? [{ type, data: one.data }] : []));
    return records.length === 0 ? { outcome: 'no-data' } : { outcome: 'found', records };
  };
  return { who: 'servers', answers: await Promise.all(types.map(ask)) };
}
