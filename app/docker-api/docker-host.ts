/** What the host service offers to a front door in its process. */
import type { Duplex } from 'node:stream';
import type { HostApi, HostEvent } from '../contract/index.ts';

export type Api = HostApi<AbortSignal>;

export interface DockerHost {
  readonly version: string;
  open(machine: string): Promise<Api>;
  takeStream(token: string): ((stream: Duplex) => void) | undefined;
  onEvent(listener: (event: HostEvent) => void): Disposable;
}
