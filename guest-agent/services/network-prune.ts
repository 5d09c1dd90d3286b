/** Removes the networks of users that no running container is on. */
import { EngineError } from '../protocol/errors.ts';
import type { ParamsOf } from '../protocol/method.ts';
import type { networkMethods } from '../protocol/network.ts';
import type { Networks } from './networks.ts';
import type { NetworkRecord } from './records.ts';

type Filter = ParamsOf<typeof networkMethods.prune>;

export async function pruneNetworks(networks: Networks, filter: Filter): Promise<string[]> {
  const names: string[] = [];
  for (const { record, members, isDefault } of networks.all()) {
    if (isDefault || members.size > 0 || !fits(record, filter)) continue;
    try {
      await networks.remove(record.id);
      names.push(record.name);
    } catch (error) {
      // A container has come meanwhile, or somebody else was faster.
      if (!(error instanceof EngineError && ['in-use', 'no-such-network'].includes(error.code))) throw error;
    }
  }
  return names;
}

function fits(
  { createdAt, labels }: NetworkRecord,
  { before, labels: wanted = [], withoutLabels = [] }: Filter,
): boolean {
  if (before !== undefined && BigInt(createdAt) >= BigInt(before)) return false;
  const has = (word: string): boolean => {
    const [key = '', ...value] = word.split('=');
    return value.length === 0 ? key in labels : labels[key] === value.join('=');
  };
  return wanted.every(has) && !withoutLabels.some(has);
}
