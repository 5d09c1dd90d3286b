/** The services as one object, made by the composition root and handed to the functions that work on them. */
import type { GuestFacts } from '../plan/context.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { EngineSocket } from './engine-socket.ts';
import type { Events } from './events.ts';
import type { HostNames } from './host-names.ts';
import type { Execs } from './execs.ts';
import type { IdRanges } from './id-ranges.ts';
import type { Effects } from '../effects/effects.ts';
import type { Layers } from './layers.ts';
import type { Mounts } from './mounts.ts';
import type { NameServer } from './name-server.ts';
import type { Networks } from './networks.ts';
import type { Paths } from './paths.ts';
import type { Shares } from './shares.ts';
import type { Store } from './store.ts';
import type { Trash } from './trash.ts';
import type { Volumes } from './volumes.ts';

export interface Engine {
  readonly paths: Paths;
  readonly facts: GuestFacts;
  /** /proc/sys/kernel/random/boot_id: pids and mounts of another boot mean nothing. */
  readonly bootId: string;
  readonly effects: Effects;
  readonly store: Store;
  readonly streams: StreamRegistry;
  readonly events: Events;
  readonly trash: Trash;
  readonly ranges: IdRanges;
  readonly containers: ContainerRegistry;
  readonly execs: Execs;
  readonly mounts: Mounts;
  readonly layers: Layers;
  readonly hostNames: HostNames;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly nameServer: NameServer;
  readonly shares: Shares;
  readonly engineSocket: EngineSocket;
}
