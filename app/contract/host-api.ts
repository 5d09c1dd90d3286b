/**
 * What every front door (command, window, tray, Docker API) may ask of the host service; none has another way in. A
 * HostApi is bound to one machine by `hello`. Containers, execs, networks and volumes are the guest's methods with the
 * guest's own parameters, except where the host has work of its own: making a container (image, shares, ports), starting
 * it (layers, ports).
 *
 * Control socket: the preamble of protocol/stream-format.ts, then JSON-RPC (`CONTROL`) or the bytes of a token (`STREAM`).
 */
import * as v from 'valibot';
import {
  ExplainedOp,
  archiveMethods,
  containerMethods,
  execMethods,
  guestMethods,
  method,
  networkMethods,
  volumeMethods,
} from '../../guest-agent/protocol/index.ts';
import type { ParamsOf, ResultOf } from '../../guest-agent/protocol/index.ts';
import { CommitConfig } from './commit-config.ts';
import { RunConfig } from './run-config.ts';
import { engineMethods, machineMethods } from './machine.ts';
import { explanationMethods } from './explain.ts';
import { imageMethods } from './image.ts';
import { systemMethods } from './system.ts';

export const serviceMethods = {
  /** First call: binds the connection to a machine (made with default settings when it is new). */
  hello: method(
    'hello',
    v.object({ clientVersion: v.string(), machine: v.string() }),
    v.object({ hostVersion: v.string(), pid: v.number() }),
  ),
  /** Ends the host service; machines are stopped first. */
  shutdown: method('service.shutdown', v.object({}), v.object({})),
};

export const hostContainerMethods = {
  ...containerMethods,
  ...archiveMethods,
  /** Checks image and shares first: nothing is made when one of them is wrong. Ports are the start's matter. */
  create: method(
    'container.create',
    /** `freePorts`: it is started at once, so a host port that is taken is told before anything is made. */
    v.object({ name: v.string(), config: RunConfig, freePorts: v.optional(v.boolean()) }),
    v.object({ id: v.string(), name: v.string(), warnings: v.array(v.string()) }),
  ),
  /** Needs the image; makes nothing. */
  explain: method(
    'container.explain',
    v.object({ config: RunConfig }),
    v.object({ ops: v.array(ExplainedOp), warnings: v.array(v.string()) }),
  ),
  /**
   * Makes an image of the container's image and what the container has changed. `changes` are Dockerfile instructions that
   * change the configuration; an empty reference gives no name; with `pause` a running container stands still meanwhile.
   * What `config` leaves empty is the container's, as without it.
   */
  commit: method(
    'container.commit',
    v.object({
      id: v.string(),
      reference: v.string(),
      author: v.string(),
      comment: v.string(),
      changes: v.array(v.string()),
      pause: v.boolean(),
      config: v.optional(CommitConfig),
    }),
    v.object({ id: v.string() }),
  ),
  /** Host addresses of a running container's published ports. */
  ports: method(
    'container.ports',
    v.object({ id: v.string() }),
    v.array(
      v.object({
        containerPort: v.number(),
        protocol: v.string(),
        hostAddress: v.string(),
        hostPort: v.number(),
      }),
    ),
  ),
};

export type CommitParams = ParamsOf<typeof hostContainerMethods.commit>;

const { list, inspect, create, remove, prune, connect, disconnect } = networkMethods;
const hostNetworkMethods = { list, inspect, create, remove, prune, connect, disconnect };

export const hostGuestMethods = {
  processes: guestMethods.processes,
  unshare: guestMethods.unshare,
  memory: guestMethods.memory,
  disk: guestMethods.disk,
};

/** Every method by its group, for the control server and client. */
export const hostMethods = {
  service: serviceMethods,
  engine: engineMethods,
  machines: machineMethods,
  containers: hostContainerMethods,
  execs: execMethods,
  images: imageMethods,
  networks: hostNetworkMethods,
  volumes: volumeMethods,
  guest: hostGuestMethods,
  explain: explanationMethods,
  system: systemMethods,
};

/** As much of AbortSignal as PURE code may know. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
}

type Group<G, S extends Signal> = { [K in keyof G]: (params: ParamsOf<G[K]>, signal?: S) => Promise<ResultOf<G[K]>> };

/** Outside of PURE code it is `HostApi<AbortSignal>`. */
export type HostApi<S extends Signal = Signal> = {
  [G in keyof Omit<typeof hostMethods, 'service'>]: Group<(typeof hostMethods)[G], S>;
};
