/** User and group id maps of containers: one range each, the same for users and groups. */
import type { IdRange } from './context.ts';

/** The text of /proc/PID/uid_map and gid_map: inside 0…count-1 are the guest's start…start+count-1 (user_namespaces(7)). */
export function formatIdMap({ start, count }: IdRange): string {
  return `0 ${start} ${count}\n`;
}

/** True when the container has this id. */
export function isMapped({ count }: IdRange, id: number): boolean {
  return id >= 0 && id < count;
}
