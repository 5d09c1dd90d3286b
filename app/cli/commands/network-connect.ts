import type { CommandSpec } from '../command/spec.ts';
import { emptyEndpoint, parseLink } from '../flags/networks.ts';
import { parseInteger } from '../flags/numbers.ts';

export const command: CommandSpec = {
  usage: 'NETWORK CONTAINER',
  description: 'Puts a container on one network more: at once when it runs, else with its next start.',
  options: [
    { name: 'alias', value: 'NAME', list: true, help: 'Further name on the network' },
    { name: 'ip', value: 'ADDRESS', help: 'Fixed IPv4 address' },
    { name: 'ip6', value: 'ADDRESS', help: 'Fixed IPv6 address' },
    { name: 'link', value: 'CONTAINER[:ALIAS]', list: true, help: 'Another container by a name of its own' },
    { name: 'gw-priority', value: 'NUMBER', help: 'The way out is by the network of the highest' },
  ],
  examples: [{ line: 'berth network connect --alias db web postgres', does: 'As db, too' }],
  args: [2, 2],
  completeArgument: 'network',
  async run(context, { args: [network = '', container = ''], options }) {
    const endpoint = emptyEndpoint(network);
    endpoint.aliases.push(...options.list('alias'));
    endpoint.links.push(...options.list('link').map((text) => parseLink(text)));
    endpoint.ipv4 = options.text('ip');
    endpoint.ipv6 = options.text('ip6');
    const priority = options.text('gw-priority');
    if (priority !== undefined)
      endpoint.gatewayPriority = parseInteger(priority, '--gw-priority', { from: -1_000_000, to: 1_000_000 });
    const { api } = await context.connect('running');
    await api.networks.connect({ container, endpoint });
    return 0;
  },
};
