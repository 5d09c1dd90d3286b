import type { VolumeInfo } from '../../../guest-agent/protocol/volume.ts';
import type { ListView } from '../format/list.ts';
import { rfc3339 } from '../../contract/times.ts';

export interface VolumeRow {
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Mountpoint: string;
  readonly Labels: string;
  /** Number of containers that refer to it. */
  readonly Links: string;
}

export const volumeView: ListView<VolumeRow> = {
  columns: ['Driver', 'Name', 'Links'],
  titles: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
  },
};

export function volumeRow(volume: VolumeInfo): VolumeRow {
  return {
    Name: volume.name,
    Driver: 'local',
    Scope: 'local',
    Mountpoint: volume.mountpoint,
    Labels: Object.entries(volume.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Links: String(volume.containers.length),
  };
}

export function volumeInspect(volume: VolumeInfo): object {
  return {
    CreatedAt: rfc3339(volume.createdAt),
    Driver: 'local',
    Labels: new Map(Object.entries(volume.labels)),
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: 'local',
    Anonymous: volume.anonymous,
    Containers: volume.containers,
  };
}
