/** Disk use, health and clean-up of host and machines together; what concerns the guest is left out where none runs. */
import * as v from 'valibot';
import { method } from '../../guest-agent/protocol/index.ts';
import { Removed } from './stored-image.ts';

const Nothing = v.object({});

export const ContentUse = v.object({
  images: v.number(),
  /** Images that containers of running machines are made of. */
  active: v.number(),
  /** Blocks that blobs and layers take on the host's disk. */
  hostBytes: v.number(),
  /** Of these, what goes with the images that are not active. */
  reclaimableBytes: v.number(),
});
export type ContentUse = v.InferOutput<typeof ContentUse>;

export const Finding = v.object({
  /** `host`, or the machine in whose guest it is. */
  place: v.string(),
  kind: v.picklist(['blob', 'layer', 'image']),
  /** Digest: of a blob, of a layer's archive, of an image's manifest. */
  id: v.string(),
  problem: v.string(),
  /** Names (or ids) of the images that need it. */
  images: v.array(v.string()),
  repaired: v.boolean(),
  /** What to do next; empty when nothing is left to do. */
  next: v.string(),
});
export type Finding = v.InferOutput<typeof Finding>;

export const CheckReport = v.object({
  blobs: v.number(),
  layers: v.number(),
  images: v.number(),
  /** Layers that were read in guests, by machine. */
  guests: v.array(v.object({ machine: v.string(), layers: v.number() })),
  findings: v.array(Finding),
});
export type CheckReport = v.InferOutput<typeof CheckReport>;

export const systemMethods = {
  /** `hostBytes` of each machine is in `machine.list`. */
  use: method('system.use', Nothing, ContentUse),
  /** Reads everything: each blob, layer and reference on the host, each layer in running guests. */
  check: method('system.check', v.object({ repair: v.boolean() }), CheckReport),
  /**
   * Containers that do not run, volumes that no container refers to and images, in this order. `engine-stopped` when
   * containers or volumes are asked for and the machine does not run. `reclaimedBytes` is what the host's disk got back.
   */
  prune: method(
    'system.prune',
    v.object({
      containers: v.boolean(),
      volumes: v.picklist(['none', 'anonymous', 'all']),
      /** `dangling`: without a name; `all`: that no container of a running machine is made of. */
      images: v.picklist(['none', 'dangling', 'all']),
      /** Images made before this time; milliseconds since 1970. */
      untilMs: v.optional(v.number()),
      /** Images that have all of these, as `KEY` or `KEY=VALUE`. */
      labels: v.optional(v.array(v.string())),
      withoutLabels: v.optional(v.array(v.string())),
    }),
    v.object({ containers: v.array(v.string()), volumes: v.array(v.string()), ...Removed.entries }),
  ),
};
