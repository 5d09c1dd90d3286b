import { EngineError } from '../../base/error.ts';
import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { formatList } from '../format/list.ts';
import { listFormat } from '../shared/format-option.ts';
import { address, portView, type PublishedPort } from '../views/ports.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER [PORT[/PROTOCOL]]',
  description: "Shows where a running container's ports are published on the host.",
  options: [listFormat],
  examples: [
    { line: 'berth port web', does: 'All' },
    { line: 'berth port web 80', does: 'Where port 80 is' },
    { line: "berth port --format '{{.hostPort}}' web 80", does: 'Its number alone' },
  ],
  args: [1, 2],
  completeArgument: 'running',
  async run(context, { args: [id = '', wanted], options }) {
    const match = wanted === undefined ? undefined : /^([0-9]{1,5})(?:\/(tcp|udp))?$/.exec(wanted);
    if (match === null) throw usageError(`${JSON.stringify(wanted)} is not a port`, 'Write PORT or PORT/udp.');
    const { api } = await context.connect('running');
    const ports = await api.containers.ports({ id });
    const found = match === undefined ? ports : only(ports, Number(match[1]), match[2] ?? 'tcp');
    if (match !== undefined && found.length === 0)
      throw new EngineError('no-such-path', `${id} publishes no port ${wanted ?? ''}.`, {
        hint: `See "berth port ${id}".`,
      });
    const format = options.text('format');
    if (format !== undefined) context.print(...formatList(found, portView, format));
    else if (match === undefined) context.print(...found.map((port) => `${inside(port)} -> ${address(port)}`));
    else context.print(...found.map(address));
    return 0;
  },
};

function only(ports: readonly PublishedPort[], number: number, wanted: string): PublishedPort[] {
  return ports.filter(({ containerPort, protocol }) => containerPort === number && protocol === wanted);
}

const inside = ({ containerPort, protocol }: PublishedPort): string => `${containerPort}/${protocol}`;
