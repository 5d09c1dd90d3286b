/** Notification guest → host: what changed, never the new value; the listener re-reads. */
import * as v from 'valibot';

export const ChangedEvent = v.object({
  kind: v.picklist(['container', 'exec', 'image', 'layer', 'network', 'volume', 'share', 'engine-socket']),
  id: v.string(),
  /** Docker's word for what happened: create, start, die, oom, pause, unpause, rename, update, destroy, … */
  action: v.string(),
  /** Nanoseconds since the epoch, as a decimal string. */
  timeNano: v.string(),
  /** Facts at that moment (exit code, name, labels), for the event log; not to be taken for the present state. */
  attributes: v.optional(v.record(v.string(), v.string())),
});
export type ChangedEvent = v.InferOutput<typeof ChangedEvent>;

export const changedNotification = 'changed';
