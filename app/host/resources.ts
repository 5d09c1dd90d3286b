/** The files that come with the product: guest image, agent, first container image. */
import * as v from 'valibot';

const ImageFile = v.object({ file: v.string(), bytes: v.number(), sha256: v.string() });

/** What `vm-images` writes beside an image, as far as a boot needs it. */
export const GuestImage = v.object({
  arch: v.string(),
  contentKey: v.string(),
  kernelVersion: v.string(),
  cmdline: v.string(),
  emulationCmdline: v.optional(v.string()),
  kernel: ImageFile,
  initrd: ImageFile,
  root: ImageFile,
});
export type GuestImage = v.InferOutput<typeof GuestImage> & { readonly folder: string };

export interface Resources {
  /** @throws EngineError `no-such-path` saying where was looked */
  guestImage(): Promise<GuestImage>;
  /** The disk with the agent. @throws EngineError `no-such-path` */
  agentImage(): Promise<string>;
  /** OCI layout of the embedded busybox; absent where the product came without one. */
  busyboxLayout(): Promise<string | undefined>;
  /** A tree with a virtiofsd of our own. */
  virtiofsd(): Promise<string | undefined>;
}
