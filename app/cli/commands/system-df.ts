import type { ControlClient } from '../../control/client.ts';
import type { CommandSpec } from '../command/spec.ts';
import { decimalSize } from '../flags/bytes.ts';
import { formatList } from '../format/list.ts';
import { listFormat } from '../shared/format-option.ts';
import { diskView, type DiskRow } from '../views/disk-row.ts';

export const command: CommandSpec = {
  usage: '',
  description:
    'Shows what takes space on the disk of this host: images with their layers, and the disks of machines; with a running\n' +
    'machine also its containers and volumes, whose bytes are part of its disk.',
  options: [listFormat],
  examples: [{ line: 'berth system df', does: 'The table' }],
  args: [0, 0],
  async run(context, { options }) {
    const client = await context.connect('service');
    const state = await client.api.engine.state({});
    const answers = state.status === 'running' && state.suspended === undefined;
    const inGuest = answers ? [containerUse(client), volumeUse(client)] : [];
    const rows = await Promise.all([imageUse(client), ...inGuest, diskUse(client)]);
    context.print(...formatList(rows, diskView, options.text('format')));
    return 0;
  },
};

async function imageUse({ api }: ControlClient): Promise<DiskRow> {
  const { images, active, hostBytes, reclaimableBytes } = await api.system.use({});
  return row('Images', [images, active], hostBytes, reclaimableBytes);
}

async function containerUse({ api }: ControlClient): Promise<DiskRow> {
  const infos = await api.containers.list({ all: true });
  const sizes = await Promise.all(infos.map(async ({ id }) => (await api.containers.size({ id })).writableBytes));
  const live = infos.map(({ state }) => state.status === 'running' || state.status === 'paused');
  const idle = sizes.filter((_, index) => live[index] !== true);
  return row('Containers', [infos.length, live.filter(Boolean).length], sum(sizes), sum(idle));
}

/** Volumes are not measured: their bytes are part of the machine's disk. */
async function volumeUse({ api }: ControlClient): Promise<DiskRow> {
  const volumes = await api.volumes.list({});
  const used = volumes.filter(({ containers }) => containers.length > 0).length;
  return row('Local Volumes', [volumes.length, used]);
}

async function diskUse({ api }: ControlClient): Promise<DiskRow> {
  const machines = await api.machines.list({});
  const running = machines.filter(({ state }) => state.status === 'running').length;
  return row('Machine Disks', [machines.length, running], sum(machines.map(({ hostBytes }) => hostBytes)));
}

function row(type: string, [total, active]: readonly [number, number], bytes?: number, idle?: number): DiskRow {
  const size = (value?: number): string => (value === undefined ? '-' : decimalSize(value));
  return {
    ...{ Type: type, TotalCount: String(total), Active: String(active) },
    ...{ Size: size(bytes), Reclaimable: size(idle) },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
