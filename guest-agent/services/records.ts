/** What the store keeps of each thing, as the services use it in memory. */
import type { ContainerSpec, Mount } from '../protocol/container-spec.ts';
import type { ContainerState, Endpoint } from '../protocol/container.ts';
import type { NetworkPool } from '../protocol/network.ts';

export interface ContainerRecord {
  readonly id: string;
  name: string;
  readonly createdAt: string;
  spec: ContainerSpec;
  state: ContainerState;
  restartCount: number;
  /** Somebody has ended it: its restart policy has no say until somebody starts it. */
  stopped?: boolean;
  endpoints: Endpoint[];
  /** Of the present or last run. */
  published: PublishedPort[];
  /** First id of its range, its own or that of whom it joins; undefined with the guest's user namespace. */
  readonly idRangeStart: number | undefined;
  warnings: string[];
  /** Volume of each volume mount, by target: names made up for anonymous ones included. */
  volumes: Record<string, string>;
  /** Paused by the engine itself, while what it has changed is read for an image: no pause of the user's. */
  pausedToRead?: boolean;
  /** A start was begun, and it is not noted yet how it went. */
  starting?: boolean;
  /** The boot in which it was started last: pids and mounts of another boot mean nothing. */
  bootId: string;
}

export interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Record<string, string>;
  readonly options?: Record<string, string>;
  readonly anonymous: boolean;
  /** False until the first use has filled it from the image. */
  filled: boolean;
}

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly internal: boolean;
  /** IPv4 first; every one has a gateway. */
  readonly pools: readonly NetworkPool[];
  readonly labels: Record<string, string>;
  readonly options: Record<string, string>;
}

export interface LayerRecord {
  readonly diffId: string;
  readonly sizeBytes: number;
  /** sha256 of the file, as it was sent; agents before 0.2 did not note it. */
  readonly contentDigest?: string;
}

/** A port of a running container and the port of the guest that leads to it. */
export interface PublishedPort {
  readonly container: string;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly hostPortEnd?: number;
  readonly guestPort: number;
}

/** The volume mounts of a container, each with its volume. */
export function volumeMounts(record: ContainerRecord): { mount: Extract<Mount, { type: 'volume' }>; volume: string }[] {
  return record.spec.mounts.flatMap((mount) =>
    mount.type === 'volume' ? [{ mount, volume: record.volumes[mount.target] ?? mount.name }] : [],
  );
}
