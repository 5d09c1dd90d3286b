/** `--filter` of lists: the words become values by key; see contract/container-filter.ts for what they mean. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import { containerStates, selectContainers, type FilterFacts, type Filters } from '../../contract/container-filter.ts';
import { badFlag } from '../command/usage-error.ts';

const flag = '--filter';

export function parseFilters(values: readonly string[], known: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  for (const text of values) {
    const equals = text.indexOf('=');
    const key = text.slice(0, Math.max(equals, 0));
    if (equals < 1) throw badFlag(flag, text, 'it has no value', 'Write KEY=VALUE, such as name=web.');
    if (!known.includes(key))
      throw badFlag(flag, text, `${JSON.stringify(key)} is not a key here`, `Use ${known.join(', ')}.`);
    filters.set(key, [...(filters.get(key) ?? []), text.slice(equals + 1)]);
  }
  return filters;
}

export function filterContainers(all: readonly ContainerInfo[], filters: Filters, facts: FilterFacts): ContainerInfo[] {
  for (const value of filters.get('status') ?? [])
    if (!containerStates.some((state) => state === value))
      throw badFlag(flag, `status=${value}`, 'there is no such status', `Use ${containerStates.join(', ')}.`);
  return selectContainers(all, filters, facts);
}
