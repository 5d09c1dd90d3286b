/** Image layers in the guest: EROFS images by diff id, made on the host, mounted once and shared. */
import * as v from 'valibot';
import { method } from './method.ts';
import { Digest } from './container-spec.ts';
import { ShareTag } from './share.ts';
import { StreamToken } from './stream.ts';

export const layerMethods = {
  /** Which of these are missing here. */
  missing: method('layer.missing', v.object({ layers: v.array(Digest) }), v.object({ missing: v.array(Digest) })),
  /**
   * Opens a stream for the EROFS image's `sizeBytes` bytes from `offset` on (those before are here from a broken
   * transfer), compressed by zstd (RFC 8878): every byte costs an emulated guest more on the way than unpacking it does.
   * `contentDigest` is the image file's own sha256, verified before the layer is seen. The host ends its side, then
   * waits for `layer.commit`.
   */
  put: method(
    'layer.put',
    v.object({ layer: Digest, sizeBytes: v.number(), contentDigest: Digest }),
    v.object({ stream: StreamToken, offset: v.number() }),
  ),
  /**
   * The other way: the bytes are in the file `<64 hexadecimal digits of the layer>.erofs` of a mounted share. Answers as
   * `commit` does; what came of a broken transfer is gone on with. `checksum` is the image file's XXH64 (seed 0) in
   * hexadecimal digits, big end first: this way needs guarding against faults alone, and sha256 would take an emulated
   * guest ten times as long as the copying. `contentDigest` is kept for `verify`.
   */
  copy: method(
    'layer.copy',
    v.object({
      layer: Digest,
      sizeBytes: v.number(),
      contentDigest: Digest,
      checksum: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
      share: ShareTag,
    }),
    v.object({}),
  ),
  /** Answers when the bytes are verified, synced and mounted; `corrupt-content` when the digest differs. */
  commit: method('layer.commit', v.object({ layer: Digest }), v.object({})),
  list: method(
    'layer.list',
    v.object({}),
    v.array(
      v.object({
        layer: Digest,
        sizeBytes: v.number(),
        containers: v.array(v.string()),
        /** A broken transfer left this much of it. */
        partial: v.optional(v.boolean()),
      }),
    ),
  ),
  /** Reads the whole layer; `problem` is empty when it is as it was sent, and says what is wrong with it otherwise. */
  verify: method('layer.verify', v.object({ layer: Digest }), v.object({ problem: v.string() })),
  /** Drops those that no container uses, and what came of those that never arrived; answers which went. */
  drop: method(
    'layer.drop',
    v.object({ layers: v.array(Digest) }),
    v.object({ dropped: v.array(Digest), reclaimedBytes: v.number() }),
  ),
};
