/** Named volumes on the guest's data disk. */
import * as v from 'valibot';
import { method } from './method.ts';

/** `type`, `device` and `o` of Docker's local driver, as for mount(8); a bind's device is a folder of the host. */
export const VolumeOptions = v.record(v.string(), v.string());
export type VolumeOptions = v.InferOutput<typeof VolumeOptions>;

export const VolumeInfo = v.object({
  name: v.string(),
  createdAt: v.string(),
  labels: v.record(v.string(), v.string()),
  options: v.optional(VolumeOptions),
  anonymous: v.boolean(),
  mountpoint: v.string(),
  containers: v.array(v.string()),
});
export type VolumeInfo = v.InferOutput<typeof VolumeInfo>;

export const volumeMethods = {
  /** Answers the existing one when the name is taken. Name: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, or empty to have one made up. */
  create: method(
    'volume.create',
    v.object({
      name: v.string(),
      labels: v.record(v.string(), v.string()),
      options: v.optional(VolumeOptions),
    }),
    VolumeInfo,
  ),
  list: method('volume.list', v.object({}), v.array(VolumeInfo)),
  inspect: method('volume.inspect', v.object({ name: v.string() }), VolumeInfo),
  /** Bytes of the data disk. A folder of the host, by its options, has none there. */
  size: method('volume.size', v.object({ name: v.string() }), v.object({ bytes: v.number() })),
  /** `in-use` when a container, running or not, refers to it. */
  remove: method('volume.remove', v.object({ name: v.string(), force: v.boolean() }), v.object({})),
};
