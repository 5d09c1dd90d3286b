import { containerMethods, layerArchiveMethods } from '../../guest-agent/protocol/index.ts';
import { EngineError } from '../base/error.ts';
import { changedConfig } from '../content/config-change.ts';
import type { ImageRecord } from '../content/image-index.ts';
import { parseReference } from '../content/reference.ts';
import type { ContentStore } from '../content/store.ts';
import { archiveBytes } from '../contract/index.ts';
import type { CommitParams } from '../contract/index.ts';
import { committedConfig, committedRun, mergedRun } from './committed-config.ts';
import { parsePlatform } from '../content/oci.ts';
import type { Parts } from './parts.ts';

/**
 * An image of the container's image and what the container has changed. Nothing of it is stored when that fails.
 * @throws EngineError `no-such-container`, `no-such-image` (the container's own), `invalid-argument`, `disk-full`
 */
export async function commitContainer(
  { id, reference, author, comment, changes, pause, config }: CommitParams,
  { guest, session }: Parts,
  content: ContentStore,
  signal: AbortSignal,
): Promise<{ id: string }> {
  // What is wrong with the request is told before the container is made to wait.
  if (reference !== '') parseReference(reference);
  const { spec } = await guest.call(containerMethods.inspect, { id }, { signal, repeat: true });
  const base = imageOf(content, spec.image, `linux/${session.guest.hello.architecture}`);
  const image = await content.config(base);
  const own = committedRun(image.config ?? {}, spec);
  const run = config === undefined ? changedConfig(own, changes) : mergedRun(changedConfig(config, changes), own);
  const note = { author, comment, created: new Date().toISOString() };
  const { stream: token } = await guest.call(layerArchiveMethods.layer, { id, pause }, { signal });
  const stream = await guest.openStream(token);
  try {
    const made = await content.createImage({
      base,
      layer: pieces(archiveBytes(stream)),
      config: committedConfig(image, run, note, spec.argv),
      ...(reference !== '' && { reference }),
      signal,
    });
    return { id: made.configDigest };
  } finally {
    stream.destroy();
  }
}

function imageOf(
  content: ContentStore,
  { id, reference }: { id: string; reference: string },
  platform: string,
): ImageRecord {
  try {
    return content.resolve(id, parsePlatform(platform));
  } catch (cause) {
    if (!(cause instanceof EngineError && cause.code === 'no-such-image')) throw cause;
    throw new EngineError('no-such-image', `The container's image ${reference} is not here any more.`, {
      cause,
      hint: 'Take the container\'s files with "berth export" and make an image of them with "berth import".',
    });
  }
}

async function* pieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of bytes) yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
