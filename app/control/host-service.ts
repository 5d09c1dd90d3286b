/** What the control server needs of the host service behind it; the services implement it. */
import type { Duplex } from 'node:stream';
import type { HostApi, HostEvent } from '../contract/index.ts';

export type Api = HostApi<AbortSignal>;

export interface HostService {
  readonly version: string;
  /**
   * The API of one machine, which is made with default settings when it is new.
   * @throws EngineError `invalid-argument` for a name that cannot be a machine's.
   */
  open(machine: string): Promise<Api>;
  /** The opener of a stream token that was neither used nor expired; it takes the stream over. */
  takeStream(token: string): ((stream: Duplex) => void) | undefined;
  onEvent(listener: (event: HostEvent) => void): Disposable;
  /** Stops every machine; the caller ends the process afterwards. */
  shutdown(): Promise<void>;
}
