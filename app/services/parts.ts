/** What the methods of one machine work with while it runs; made anew with each session. */
import type { Guest } from '../guest/guest.ts';
import type { ImageLayers } from './image-layers.ts';
import type { PublishedPorts } from './published-ports.ts';
import type { Session } from './session.ts';

export interface Parts {
  readonly session: Session;
  readonly guest: Guest;
  readonly layers: ImageLayers;
  readonly ports: PublishedPorts;
}

/** @throws EngineError `engine-stopped` when the machine does not run. */
export type RunningParts = (signal?: AbortSignal) => Promise<Parts>;
