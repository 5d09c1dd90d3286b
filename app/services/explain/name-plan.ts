/** From facts about a name to the steps of its look-up: asker, hosts file, name server, engine, who is asked beyond. */
import type { EngineState, Explanation, Hop } from '../../contract/index.ts';
import type { LookUpAnswer, NameWay } from '../../../guest-agent/protocol/index.ts';
import { broken, explanation, listed, machineHop, unknown, works } from './hop-plan.ts';

export interface NameFacts {
  readonly name: string;
  readonly machine: string;
  readonly engine: EngineState;
  /** Absent: as a container on the default bridge. */
  readonly asker?: { readonly name: string; readonly runs: boolean; readonly networks: readonly string[] };
  readonly way?: NameWay;
  /** Containers that bear the name, wherever they are. */
  readonly bearers: readonly { readonly name: string; readonly runs: boolean; readonly networks: readonly string[] }[];
}

const defaultBridge = 'bridge';
const names = {
  asker: 'asker',
  hosts: 'hosts file',
  server: 'name server',
  engine: 'names of containers',
  host: 'host resolver',
  servers: 'own name servers',
} as const;

export function explainName(facts: NameFacts): Explanation {
  const { name, machine, engine, asker, way } = facts;
  const subject = `name ${name} from ${asker?.name ?? 'a container on the default bridge'}`;
  const stopped = machineHop(machine, engine);
  if (stopped !== undefined) return explanation(subject, [stopped], '');
  const first = askerHop(facts);
  if (first.status === 'broken' || way === undefined) return explanation(subject, [first], '');
  const { found, hops } = steps(facts, way);
  return explanation(subject, [first, ...hops], `${name} is ${listed(found)}`);
}

function askerHop({ asker }: NameFacts): Hop {
  if (asker === undefined) return works(names.asker, 'a container on the default bridge');
  if (!asker.runs)
    return broken(names.asker, `${asker.name} does not run, so nobody asks`, `berth start ${asker.name}`);
  const where = asker.networks.length === 0 ? 'no network of its own' : listed(asker.networks);
  return works(names.asker, `${asker.name}, on ${where}`);
}

interface Steps {
  readonly hops: readonly Hop[];
  /** Addresses, where somebody has answered. */
  readonly found: readonly string[];
}

function steps(facts: NameFacts, way: NameWay): Steps {
  if (way.hostsFile.length > 0)
    return { hops: [works(names.hosts, `has it: ${listed(way.hostsFile)}`)], found: way.hostsFile };
  const before = [works(names.hosts, 'has no line for it'), serverHop(facts, way)];
  if (before.some(({ status }) => status === 'broken')) return { hops: before, found: [] };
  const { known } = way;
  if (known !== undefined) {
    const hop = knownHop(facts.name, known);
    return { hops: [...before, hop], found: known.addresses };
  }
  const answer = beyondHop(facts, way);
  const lost = answer.found.length > 0 ? undefined : bearerHop(facts, way);
  const middle = lost ?? works(names.engine, 'none that the asker sees bears it');
  const last = lost === undefined ? answer.hop : { ...answer.hop, status: 'unknown' as const, fix: '' };
  return { hops: [...before, middle, last], found: answer.found };
}

function serverHop({ asker }: NameFacts, { answeredBy, servers, open }: NameWay): Hop {
  const name = names.server;
  const who = asker?.name ?? 'it';
  const list = listed(servers);
  switch (answeredBy) {
    case 'nobody':
      return broken(name, `${who} has none: it is on no network`, 'make it anew on one: berth run --network NETWORK …');
    case 'servers':
      return works(name, `${list}, given by --dns`);
    case 'embedded':
      return open
        ? works(name, `${list}, the embedded one of its networks`)
        : broken(name, `the embedded one at ${list} does not listen`, `berth restart ${who}`);
    case 'guest':
      return open
        ? works(name, `${list}, for which the engine answers`)
        : broken(name, `the engine’s own in the guest does not listen`, 'berth restart');
  }
}

function knownHop(name: string, { as, addresses }: NonNullable<NameWay['known']>): Hop {
  const what = { container: 'a container on the same network', link: 'a link of the container', host: 'this machine' }[
    as
  ];
  return addresses.length > 0
    ? works(names.engine, `${name} is ${what}: ${listed(addresses)}`)
    : broken(names.engine, `${name} is ${what}, but has no address`, 'look at its networks: berth inspect');
}

/** A container that bears the name, where the asker does not see it. */
function bearerHop({ name, bearers, asker }: NameFacts, { answeredBy }: NameWay): Hop | undefined {
  const bearer = bearers.find(({ runs }) => runs) ?? bearers[0];
  if (bearer === undefined) return undefined;
  const what = bearer.name === name ? `${name} is a container` : `${name} is the container ${bearer.name}`;
  if (!bearer.runs) return broken(names.engine, `${what}, but does not run`, `berth start ${bearer.name}`);
  const who = asker?.name ?? 'CONTAINER';
  const network = bearer.networks.find((one) => one !== defaultBridge);
  if (network === undefined) {
    return namelessHop(what, bearer, asker);
  }
  const own =
    answeredBy === 'embedded'
      ? `which ${who} is not on`
      : `but the asker is on none with names (the default bridge has none)`;
  return broken(names.engine, `${what} on the network ${network}, ${own}`, `berth network connect ${network} ${who}`);
}

type Person = NameFacts['bearers'][number];

/** The container is on no network that has names. */
function namelessHop(what: string, bearer: Person, asker: Person | undefined): Hop {
  const shared = asker?.networks.find((one) => one !== defaultBridge);
  if (bearer.networks.length === 0) {
    const fix = `make it anew on one: berth run --network ${shared ?? 'NETWORK'} …`;
    return broken(names.engine, `${what}, but on no network`, fix);
  }
  const join = [bearer.name, asker?.name ?? 'CONTAINER']
    .map((one) => `berth network connect NETWORK ${one}`)
    .join('; ');
  const fix =
    shared === undefined
      ? `make a network: berth network create NETWORK; ${join}`
      : `berth network connect ${shared} ${bearer.name}`;
  return broken(names.engine, `${what}, but the default bridge has no names`, fix);
}

interface Beyond {
  readonly hop: Hop;
  readonly found: readonly string[];
}

function beyondHop({ name, asker }: NameFacts, { beyond }: NameWay): Beyond {
  if (beyond === undefined) {
    const detail = 'not asked: all networks of the container are internal, without a way out';
    return { hop: broken(names.host, detail, `berth network connect bridge ${asker?.name ?? 'CONTAINER'}`), found: [] };
  }
  const hop = names[beyond.who];
  const found = beyond.answers.flatMap((answer) =>
    answer.outcome === 'found' ? answer.records.flatMap(({ data }) => (typeof data === 'string' ? [data] : [])) : [],
  );
  if (found.length > 0) return { hop: works(hop, `answers ${listed(found)}`), found };
  return { hop: unfound(hop, name, beyond), found };
}

function unfound(hop: string, name: string, { who, answers }: NonNullable<NameWay['beyond']>): Hop {
  const failed = answers.find(
    (answer): answer is Extract<LookUpAnswer, { outcome: 'failed' }> => answer.outcome === 'failed',
  );
  if (failed !== undefined)
    return broken(
      hop,
      `could not tell: ${failed.reason}`,
      who === 'host'
        ? 'look whether this machine itself finds names (its network, its VPN); then try again'
        : 'look whether those servers can be reached, or leave --dns away',
    );
  if (answers.some(({ outcome }) => outcome === 'no-data'))
    return broken(hop, `knows ${name}, but no address of it`, 'ask for a name that has addresses');
  const look =
    who === 'host' ? `ping ${name} on this machine meets the same; a VPN may be off` : 'those servers do not have it';
  return answers.length === 0
    ? unknown(hop, 'nothing was asked')
    : broken(hop, `knows no ${name}`, `check its spelling; ${look}`);
}
