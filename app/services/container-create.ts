import { containerMethods } from '../../guest-agent/protocol/index.ts';
import type { ContainerSpec } from '../../guest-agent/protocol/index.ts';
import { asError } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { HostOs } from '../base/platform.ts';
import type { RunConfig } from '../contract/index.ts';
import { guestMounts } from './bind-sources.ts';
import { boundPorts } from './bound-ports.ts';
import { containerSpec } from './container-spec.ts';
import { imageRunConfig } from './image-config-spec.ts';
import type { LayerFile } from './layer-file.ts';
import type { ImageSource } from './image-source.ts';
import { mountsOf } from './mount-spec.ts';
import type { Parts } from './parts.ts';
import { withVolumeSources } from './volume-sources.ts';

export interface CreateContext {
  readonly machine: string;
  readonly hostOs: HostOs;
  readonly images: ImageSource;
  /** The machine's Docker socket. */
  readonly dockerSocket: string;
}

interface Plan {
  readonly spec: ContainerSpec;
  readonly layers: readonly LayerFile[];
}

/** Checks image and mounts, brings the layers into the guest, and only then makes the container. */
export async function createContainer(
  { name, config, freePorts = false }: { name: string; config: RunConfig; freePorts?: boolean },
  parts: Parts,
  context: CreateContext,
  signal: AbortSignal,
): Promise<{ id: string; name: string; warnings: string[] }> {
  const { spec, layers } = await planContainer(config, parts, { ...context, freePorts }, signal);
  using held = new DisposableStack();
  held.use(parts.layers.hold(layers));
  await parts.layers.ensure(layers, signal);
  signal.throwIfAborted();
  // A caller that leaves meanwhile would not learn what to remove.
  const made = await parts.guest.call(containerMethods.create, { name, spec });
  parts.ports.note(made.id, spec.ports);
  if (!signal.aborted) return made;
  await parts.guest.call(containerMethods.remove, { id: made.id, force: true, volumes: true });
  throw asError(signal.reason);
}

/** The layers are brought as well: users and groups are looked up in them. */
export async function explainContainer(config: RunConfig, parts: Parts, context: CreateContext, signal: AbortSignal) {
  const { spec, layers } = await planContainer(config, parts, context, signal);
  await parts.layers.ensure(layers, signal);
  return parts.guest.call(containerMethods.explain, { spec }, { signal });
}

/** @throws EngineError naming what of the request, the image or the host is wrong; nothing was made. */
async function planContainer(
  config: RunConfig,
  { session, guest, layers: guestLayers, ports: publishedPorts }: Parts,
  { freePorts = false, ...context }: CreateContext & { readonly freePorts?: boolean },
  signal: AbortSignal,
): Promise<Plan> {
  const own = `linux/${session.guest.hello.architecture}`;
  const image = await context.images.resolve(config.image, config.platform === '' ? own : config.platform);
  if (image.platform !== own)
    throw new EngineError('wrong-platform', `${config.image} is for ${image.platform}; this machine runs ${own}.`, {
      hint: 'Choose an image that is made for it.',
    });
  const imageConfig = imageRunConfig(image.config);
  const binds = {
    machine: context.machine,
    hostOs: context.hostOs,
    dockerSocket: context.dockerSocket,
    shares: session.shares.shares,
    unshared: session.shares.unshared,
  };
  const found = await guestMounts(mountsOf(config.mounts, imageConfig.Volumes), binds);
  const mounts = await withVolumeSources(found, guest, binds);
  const specOf = (layers: readonly LayerFile[]) =>
    containerSpec(config, { ...image, config: imageConfig, layers: layers.map(({ diffId }) => diffId) }, mounts);
  // A wrong request is told before layers are made.
  const planned = specOf([]);
  if (freePorts) await publishedPorts.requireFree(await boundPorts(planned, guest, signal));
  const layers = await image.layers(signal, (layer) => guestLayers.bringSoon(layer));
  return { spec: specOf(layers), layers };
}
