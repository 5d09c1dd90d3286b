/** Rows of `ps`, with Docker's field names. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { ListView } from '../format/list.ts';
import { decimalSize } from '../flags/bytes.ts';
import { reachablePorts } from '../../contract/exposed-ports.ts';
import { humanDuration, milliseconds, stateWord, statusWords } from '../../contract/times.ts';
import { goTime } from './times.ts';
import { describePorts, type PublishedPort } from './ports.ts';

export interface ContainerRow {
  readonly ID: string;
  readonly Names: string;
  readonly Image: string;
  readonly Command: string;
  readonly CreatedAt: string;
  readonly RunningFor: string;
  readonly Ports: string;
  readonly State: string;
  readonly Status: string;
  readonly Size: string;
  readonly Labels: string;
  readonly Mounts: string;
  readonly Networks: string;
  readonly LocalVolumes: string;
  readonly Label: (key: unknown) => string;
}

export interface RowOptions {
  readonly nowMs: number;
  readonly truncate: boolean;
  readonly ports: readonly PublishedPort[];
  readonly writableBytes?: number;
}

export const containerView: ListView<ContainerRow> = {
  columns: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
  titles: {
    ID: 'CONTAINER ID',
    Names: 'NAMES',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    Networks: 'NETWORKS',
    LocalVolumes: 'LOCAL VOLUMES',
  },
};

export const sizedContainerView: ListView<ContainerRow> = {
  ...containerView,
  columns: [...containerView.columns, 'Size'],
};

export function containerRow(info: ContainerInfo, options: RowOptions): ContainerRow {
  const { spec } = info;
  const created = milliseconds(info.createdAt);
  const volumes = spec.mounts.filter(({ type }) => type === 'volume');
  return {
    ID: options.truncate ? info.id.slice(0, 12) : info.id,
    Names: info.name,
    Image: spec.image.reference,
    Command: `"${shorten(spec.argv.join(' '), options.truncate ? 20 : Number.POSITIVE_INFINITY)}"`,
    CreatedAt: goTime(created),
    RunningFor: `${humanDuration(options.nowMs - created)} ago`,
    Ports: describePorts(options.ports, reachablePorts(info)),
    State: stateWord(info),
    Status: statusWords(info, options.nowMs),
    Size: options.writableBytes === undefined ? '' : decimalSize(options.writableBytes),
    Labels: Object.entries(spec.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Mounts: spec.mounts
      .map(mountSource)
      .filter((source) => source !== '')
      .join(','),
    Networks: spec.networks?.map(({ network }) => network).join(',') || spec.namespaces.network,
    LocalVolumes: String(volumes.length),
    Label: (key) => spec.labels[String(key)] ?? '',
  };
}

function mountSource(mount: ContainerInfo['spec']['mounts'][number]): string {
  if ('hostPath' in mount) return mount.hostPath;
  return mount.type === 'volume' ? mount.name : '';
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
