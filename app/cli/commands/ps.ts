import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { ControlClient } from '../../control/client.ts';
import type { Context } from '../context.ts';
import type { Options } from '../command/options.ts';
import type { CommandSpec } from '../command/spec.ts';
import { parseInteger } from '../flags/numbers.ts';
import { formatList } from '../format/list.ts';
import { filterOption, listFormat, noTrunc, quietIds } from '../shared/format-option.ts';
import { publishedPorts } from '../shared/published-ports.ts';
import { containerFilterKeys, filterFacts, type FilterSources } from '../../contract/container-filter.ts';
import { isLive } from '../../contract/container-state.ts';
import { filterContainers, parseFilters } from '../views/container-filter.ts';
import { containerRow, containerView, sizedContainerView } from '../views/container-row.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Lists running containers, newest first.',
  options: [
    { name: 'all', short: 'a', help: 'Also those that do not run' },
    quietIds,
    { name: 'last', short: 'n', value: 'NUMBER', help: 'The last NUMBER made, running or not' },
    { name: 'latest', short: 'l', help: 'The last one made, running or not' },
    { ...filterOption, help: `Show only what matches: ${containerFilterKeys.join(', ')}` },
    noTrunc,
    { name: 'size', short: 's', help: 'Show what each has written' },
    listFormat,
    { name: 'guest', help: 'All processes of the guest, with their pids there and inside, and their owners' },
  ],
  examples: [
    { line: 'berth ps -a', does: 'All containers' },
    { line: 'berth ps -q --filter label=app=web', does: 'Ids of some' },
    { line: "berth ps --format 'table {{.Names}}\\t{{.Status}}'", does: 'Own columns' },
    { line: 'berth ps --guest', does: 'The processes as the guest sees them' },
  ],
  args: [0, 0],
  async run(context, { options }) {
    if (options.flag('guest')) {
      const { listGuestProcesses } = await import('../shared/guest-processes.ts');
      return listGuestProcesses(context, options);
    }
    const filters = parseFilters(options.list('filter'), containerFilterKeys);
    const last = lastCount(options);
    const all = options.flag('all') || last !== undefined || filters.has('status') || filters.has('exited');
    const client = await context.connect('running');
    const found = await client.api.containers.list({ all: true });
    const facts = await filterFacts(found, filters, sourcesOf(client));
    const sorted = filterContainers(found, filters, facts)
      .filter((info) => all || isLive(info))
      .sort(newestFirst);
    return show(context, client, options, last === undefined ? sorted : sorted.slice(0, last));
  },
};

function sourcesOf(client: ControlClient): FilterSources {
  return {
    imageId: async (reference) => {
      const found = await client.api.images.inspect({ reference }).catch(() => undefined);
      return found?.summary.id;
    },
    networks: () => client.api.networks.list({}),
    ports: (info) => publishedPorts(client, info),
  };
}

async function show(
  context: Context,
  client: ControlClient,
  options: Options,
  infos: readonly ContainerInfo[],
): Promise<number> {
  const truncate = !options.flag('no-trunc');
  if (options.flag('quiet')) {
    context.print(...infos.map(({ id }) => (truncate ? id.slice(0, 12) : id)));
    return 0;
  }
  const format = options.text('format');
  const sized = options.flag('size') || (format?.includes('.Size') ?? false);
  const nowMs = Date.now();
  const rowOf = async (info: ContainerInfo) => {
    const [ports, size] = await Promise.all([
      publishedPorts(client, info),
      sized ? client.api.containers.size({ id: info.id }) : undefined,
    ]);
    return containerRow(info, { nowMs, truncate, ports, writableBytes: size?.writableBytes });
  };
  const rows = await Promise.all(infos.map(rowOf));
  context.print(...formatList(rows, options.flag('size') ? sizedContainerView : containerView, format));
  return 0;
}

function lastCount(options: Options): number | undefined {
  if (options.flag('latest')) return 1;
  const last = options.text('last');
  const count = last === undefined ? -1 : parseInteger(last, '--last', { from: -1 });
  return count < 0 ? undefined : count;
}

function newestFirst(a: ContainerInfo, b: ContainerInfo): number {
  return BigInt(a.createdAt) < BigInt(b.createdAt) ? 1 : -1;
}
