import type { VolumeInfo } from '../../../guest-agent/protocol/volume.ts';
import { rfc3339 } from '../../contract/times.ts';

/** Docker tells anonymous volumes by this label. */
export const anonymousLabel = 'com.docker.volume.anonymous';

/** `usage`: bytes, when they were counted. */
export function volumeOf(volume: VolumeInfo) {
  const labels = volume.anonymous ? { ...volume.labels, [anonymousLabel]: '' } : volume.labels;
  return {
    // Of a volume without fractions of seconds.
    CreatedAt: rfc3339(volume.createdAt).replace(/\.\d+/, ''),
    Driver: 'local',
    Labels: labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: volume.options ?? null,
    Scope: 'local',
  };
}

/** For `system df`. */
export function volumeUsage(volume: VolumeInfo, bytes: number) {
  return { ...volumeOf(volume), UsageData: { RefCount: volume.containers.length, Size: bytes } };
}
