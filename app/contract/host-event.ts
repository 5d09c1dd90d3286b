/** Notifications host → front doors. Like the guest's: what changed; engine progress carries its state for display. */
import * as v from 'valibot';
import { ChangedEvent } from '../../guest-agent/protocol/index.ts';
import { EngineState } from './machine.ts';
import { TransferEvent } from './registry.ts';

export const HostEvent = v.variant('kind', [
  v.object({ kind: v.literal('engine'), machine: v.string(), state: EngineState }),
  v.object({ kind: v.literal('guest'), machine: v.string(), changed: ChangedEvent }),
  /** Images are those of all machines. */
  v.object({ kind: v.literal('image'), changed: ChangedEvent }),
  v.object({
    kind: v.literal('progress'),
    task: v.string(),
    detail: v.string(),
    doneBytes: v.number(),
    totalBytes: v.number(),
  }),
  TransferEvent,
]);
export type HostEvent = v.InferOutput<typeof HostEvent>;
export const hostEventNotification = 'event';
