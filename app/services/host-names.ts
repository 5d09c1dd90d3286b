/** Names for guests, by this host's own resolver. */
import { lookup, lookupService, Resolver } from 'node:dns/promises';
import type { LookUpAnswer, LookUpQuestion, NameRecord } from '../../guest-agent/protocol/index.ts';
import { asError, withDeadline } from '../base/deadline.ts';
import type { LookUp } from '../guest/guest.ts';
import { addressOfReverse } from './reverse-name-map.ts';

/** The system's calls as they are used here; they reject with a `code` as those of node:dns. */
export interface SystemResolver {
  /** getaddrinfo(3): hosts file, VPN, multicast DNS, whatever the host is set up for. */
  addresses(name: string): Promise<readonly { readonly address: string; readonly family: number }[]>;
  /** getnameinfo(3) */
  nameOf(address: string): Promise<string>;
  /** One question to the name servers that the host has now. */
  records(name: string, type: LookUpQuestion['type']): Promise<NameRecord[]>;
}

export interface HostNamesOptions {
  readonly system?: SystemResolver;
  /** Milliseconds for one question. */
  readonly patience?: number;
}

/** As long as getaddrinfo(3) takes to come from a dead first server to the second, and a little. */
const usualPatience = 10_000;
const mostAtOnce = 256;

/**
 * Addresses and names of addresses go by the system's calls, which follow all that the host does; other types by its name
 * servers. Never rejects. Libc asks for A and AAAA together: one call of the system answers both.
 */
export function hostNames({ system = nodeResolver, patience = usualPatience }: HostNamesOptions = {}): LookUp {
  const shared = new Map<string, Promise<Awaited<ReturnType<SystemResolver['addresses']>>>>();
  let asked = 0;
  const addresses: SystemResolver['addresses'] = (name) => {
    const known = shared.get(name);
    if (known !== undefined) return known;
    const asking = system.addresses(name).finally(() => shared.delete(name));
    shared.set(name, asking);
    return asking;
  };
  return async (question) => {
    if (asked >= mostAtOnce) return { outcome: 'failed', reason: 'too many names are being looked up on the host' };
    asked += 1;
    try {
      return await withDeadline(`Looking up ${question.name.slice(0, 255)} on the host`, patience, () =>
        answer({ ...system, addresses }, question),
      );
    } catch (error) {
      return { outcome: 'failed', reason: asError(error).message };
    } finally {
      asked -= 1;
    }
  };
}

async function answer(system: SystemResolver, { name, type }: LookUpQuestion): Promise<LookUpAnswer> {
  if (type === 'A' || type === 'AAAA') return addressAnswer(system, name, type);
  const address = type === 'PTR' ? addressOfReverse(name) : undefined;
  const work =
    address === undefined
      ? system.records(name, type)
      : system.nameOf(address).then((data): NameRecord[] => [{ type: 'PTR', data }]);
  return work.then(found, (error: unknown) => unfound(error));
}

async function addressAnswer(system: SystemResolver, name: string, type: 'A' | 'AAAA'): Promise<LookUpAnswer> {
  const family = type === 'A' ? 4 : 6;
  try {
    const all = await system.addresses(name);
    return found(all.filter((one) => one.family === family).map(({ address }) => ({ type, data: address })));
  } catch (error) {
    const why = unfound(error);
    if (why.outcome !== 'no-such-name') return why;
    // getaddrinfo(3) does not tell a name without addresses from no name at all.
    const detail = await system.records(name, type).then(found, (other: unknown) => unfound(other));
    return detail.outcome === 'no-data' ? detail : why;
  }
}

function found(records: readonly NameRecord[]): LookUpAnswer {
  return records.length === 0 ? { outcome: 'no-data' } : { outcome: 'found', records: [...records] };
}

/** Of the codes of node:dns (c-ares' and those of getaddrinfo). */
function unfound(error: unknown): LookUpAnswer {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENODATA') return { outcome: 'no-data' };
  if (code === 'ENOTFOUND') return { outcome: 'no-such-name' };
  return { outcome: 'failed', reason: asError(error).message };
}

const nodeResolver: SystemResolver = {
  addresses: (name) => lookup(name, { all: true, order: 'verbatim' }),
  nameOf: async (address) => (await lookupService(address, 0)).hostname,
  records: (name, type) => serverRecords(name, type),
};

/** A resolver of its own for each question reads the host's servers anew: those of a VPN come and go. */
async function serverRecords(name: string, type: LookUpQuestion['type']): Promise<NameRecord[]> {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  switch (type) {
    case 'A':
      return (await resolver.resolve4(name)).map((data) => ({ type, data }));
    case 'AAAA':
      return (await resolver.resolve6(name)).map((data) => ({ type, data }));
    case 'PTR':
      return (await resolver.resolvePtr(name)).map((data) => ({ type, data }));
    case 'CNAME':
      return (await resolver.resolveCname(name)).map((data) => ({ type, data }));
    case 'NS':
      return (await resolver.resolveNs(name)).map((data) => ({ type, data }));
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((data) => ({ type, data }));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority: preference, exchange }) => ({
        type,
        data: { preference, exchange },
      }));
    case 'SRV':
      return (await resolver.resolveSrv(name)).map(({ name: target, ...rest }) => ({
        type,
        data: { ...rest, target },
      }));
    case 'SOA': {
      const { nsname: mname, hostmaster: rname, minttl: minimum, ...times } = await resolver.resolveSoa(name);
      return [{ type, data: { mname, rname, minimum, ...times } }];
    }
  }
}
