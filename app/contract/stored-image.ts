/** What can be done with the images that are here; needs no engine. */
import * as v from 'valibot';
import { method } from '../../guest-agent/protocol/index.ts';
import { transfer } from './registry.ts';

const Nothing = v.object({});
const Stream = v.object({ stream: v.string() });

export const HistoryEntry = v.object({
  /** The image's id for its last step; steps before it have none of their own. */
  id: v.string(),
  createdAt: v.string(),
  createdBy: v.string(),
  comment: v.string(),
  /** Of the step's layer as it is stored; 0 for a step without one. */
  sizeBytes: v.number(),
  references: v.array(v.string()),
});
export type HistoryEntry = v.InferOutput<typeof HistoryEntry>;

export const Removed = v.object({
  untagged: v.array(v.string()),
  /** Manifest digests. */
  deleted: v.array(v.string()),
  /** What the host's disk got back. */
  reclaimedBytes: v.number(),
});
export type Removed = v.InferOutput<typeof Removed>;

export const LoadedImage = v.object({ id: v.string(), references: v.array(v.string()) });
export type LoadedImage = v.InferOutput<typeof LoadedImage>;

/** Of each image only these, each `os/arch[/variant]`; one that it has not is `wrong-platform`. */
const platforms = v.optional(v.array(v.string()));

export const storedImageMethods = {
  /** Last step first. */
  history: method(
    'image.history',
    v.object({ reference: v.string(), platform: v.optional(v.string()) }),
    v.array(HistoryEntry),
  ),
  /** A name that is in use is taken away from its image. */
  tag: method('image.tag', v.object({ source: v.string(), target: v.string() }), Nothing),
  /**
   * Takes a name away; the image goes with its last one. `in-use` for an ID of several names, and for an image that a
   * container of a running machine is made of. With `force` all names of an ID go; the last name of an image in use goes
   * and leaves the image without one; only an ID whose container runs is still refused.
   */
  remove: method('image.remove', v.object({ reference: v.string(), force: v.boolean(), platforms }), Removed),
  /** One archive of all: a docker-archive that is an OCI layout too, the same bytes each time. `saved` tells how it ended. */
  save: method('image.save', v.object({ references: v.array(v.string()), platforms }), Stream),
  /** Answers when the stream's last byte was handed over; fails as the writing did. */
  saved: method('image.saved', Stream, Nothing),
  /** A stream into which an archive is written to its end; `load` or `import` takes what comes. */
  upload: method('image.upload', Nothing, Stream),
  /** A docker-archive or an OCI layout, packed by gzip or zstd or not. */
  load: method('image.load', v.object({ stream: v.string(), platforms, transfer }), v.array(LoadedImage)),
  /** A root file system's tar as an image of one layer; `changes` are Dockerfile instructions. An empty reference: no name. */
  import: method(
    'image.import',
    v.object({
      stream: v.string(),
      reference: v.string(),
      changes: v.array(v.string()),
      message: v.string(),
      /** `os/arch`; empty: this host's. */
      platform: v.string(),
    }),
    v.object({ id: v.string() }),
  ),
};
