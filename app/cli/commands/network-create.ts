import type { NetworkPool } from '../../../guest-agent/protocol/network.ts';
import type { Options } from '../command/options.ts';
import type { CommandSpec } from '../command/spec.ts';
import { badFlag, usageError } from '../command/usage-error.ts';
import { parseLabel } from '../flags/env.ts';

export const command: CommandSpec = {
  usage: 'NETWORK',
  description: 'Makes a network of its own for containers, on which they find each other by name, and prints its id.',
  options: [
    { name: 'driver', short: 'd', value: 'DRIVER', help: 'bridge (default)', complete: ['bridge'] },
    { name: 'subnet', value: 'CIDR', list: true, help: 'Subnet; one of IPv4, one of IPv6' },
    { name: 'gateway', value: 'ADDRESS', list: true, help: "The bridge's own address in a subnet" },
    { name: 'ip-range', value: 'CIDR', list: true, help: 'Part of a subnet from which containers get addresses' },
    { name: 'aux-address', value: 'NAME=ADDRESS', list: true, help: 'Address that no container gets' },
    { name: 'ipv6', help: 'Addresses of IPv6, too' },
    { name: 'internal', help: 'No way out of it, and none in' },
    { name: 'attachable', help: 'Accepted; every network here is' },
    { name: 'label', value: 'KEY=VALUE', list: true, help: 'Set a label' },
    { name: 'opt', short: 'o', value: 'KEY=VALUE', list: true, help: "An option of Docker's bridge driver" },
  ],
  examples: [
    { line: 'berth network create web', does: 'For `berth run --network web …`' },
    { line: 'berth network create --subnet 10.5.0.0/16 --ipv6 lab', does: 'With a subnet of your choice' },
    {
      line: 'berth network create -o com.docker.network.bridge.enable_icc=false apart',
      does: 'Whose containers do not meet',
    },
  ],
  args: [1, 1],
  async run(context, { args: [name = ''], options }) {
    const driver = options.text('driver') ?? 'bridge';
    if (driver !== 'bridge') throw badFlag('--driver', driver, 'there is no such driver', 'Use bridge.');
    const request = {
      name,
      internal: options.flag('internal'),
      ipv6: options.flag('ipv6'),
      pools: poolsOf(options),
      labels: pairs(options, 'label'),
      options: pairs(options, 'opt'),
    };
    const { api } = await context.connect('running');
    context.print((await api.networks.create(request)).id);
    return 0;
  },
};

const family = (text: string): number => (text.includes(':') ? 6 : 4);

/** What belongs to which subnet is told by its family: a network has one of each. */
function poolsOf(options: Options): NetworkPool[] {
  const subnets = options.list('subnet');
  const only = (name: string, subnet: string) => options.list(name).find((text) => family(text) === family(subnet));
  for (const name of ['gateway', 'ip-range', 'aux-address'])
    for (const text of options.list(name))
      if (!subnets.some((subnet) => family(subnet) === family(text)))
        throw usageError(`no matching subnet for --${name} ${text}`, 'Give the --subnet that it is in.');
  return subnets.map((subnet) => {
    const [gateway, ipRange] = [only('gateway', subnet), only('ip-range', subnet)];
    const reserved = Object.entries(pairs(options, 'aux-address')).filter(
      ([, text]) => family(text) === family(subnet),
    );
    return {
      subnet,
      ...(gateway !== undefined && { gateway }),
      ...(ipRange !== undefined && { ipRange }),
      ...(reserved.length > 0 && { reserved: Object.fromEntries(reserved) }),
    };
  });
}

function pairs(options: Options, name: string): Record<string, string> {
  return Object.fromEntries(options.list(name).map((text) => parseLabel(text, `--${name}`)));
}
