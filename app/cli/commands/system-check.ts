import type { CheckReport, Finding } from '../../contract/system.ts';
import type { CommandSpec } from '../command/spec.ts';
import { formatInspect } from '../format/list.ts';
import { inspectFormat } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: '',
  description:
    'Reads all content and says what is damaged or missing: blobs, layers and references on this host, and the layers in\n' +
    'guests that run. Ends with 1 when something is wrong.',
  options: [
    { name: 'repair', help: 'Remove what is damaged and can be made or got again, and what nothing refers to' },
    inspectFormat,
  ],
  examples: [
    { line: 'berth system check', does: 'Is all well?' },
    { line: 'berth system check --repair', does: 'Remove what is damaged' },
  ],
  args: [0, 0],
  async run(context, { options }) {
    const format = options.text('format');
    const { api } = await context.connect('service');
    const report = await api.system.check({ repair: options.flag('repair') });
    context.print(
      ...(format === undefined ? describe(report) : formatInspect([report], format === 'json' ? '{{json .}}' : format)),
    );
    return report.findings.length > 0 ? 1 : 0;
  },
};

function describe({ blobs, layers, images, guests, findings }: CheckReport): string[] {
  const inGuests = guests.map((guest) => `${guest.layers} layers in the machine ${guest.machine}`);
  const read = [`${images} images, ${blobs} blobs and ${layers} layers on this host`, ...inGuests].join('; ');
  if (findings.length === 0) return [`Checked ${read}: all is well.`];
  return [`Checked ${read}; ${findings.length} findings:`, ...findings.flatMap(lines)];
}

function lines({ place, kind, id, problem, images, repaired, next }: Finding): string[] {
  const where = place === 'host' ? '' : ` in the machine ${place}`;
  const needed = images.length > 0 ? ` (needed by ${images.join(', ')})` : '';
  const done = repaired ? ' It was removed.' : '';
  return [`- ${kind} ${id}${where}${needed}: ${problem}.${done}`, ...(next === '' ? [] : [`  ${next}`])];
}
