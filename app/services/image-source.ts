/** What the services need of the images on the host. */
import type { ImageManifests, ImageSummary } from '../contract/index.ts';
import type { LayerFile } from './layer-file.ts';

export interface ImageSource {
  list(): Promise<ImageSummary[]>;
  inspect(reference: string, platform?: string): Promise<{ summary: ImageSummary; config: unknown }>;
  manifests(reference: string): Promise<ImageManifests>;
  importLayout(path: string, reference: string): Promise<string[]>;
  /**
   * @param platform `os/arch`
   * @throws EngineError `no-such-image`, `wrong-platform`
   */
  resolve(reference: string, platform: string): Promise<ResolvedImage>;
}

export interface ResolvedImage {
  readonly reference: string;
  readonly id: string;
  /** `os/arch` of the image that was found. */
  readonly platform: string;
  /** The OCI config, as it is stored. */
  readonly config: unknown;
  /**
   * The layers to stack, bottom first, made from their blobs when they are not there yet. One that a higher one hides
   * whole is left out. `onBuilt` is told each that had to be made, before the others are there.
   */
  layers(signal: AbortSignal, onBuilt: (layer: LayerFile) => void): Promise<LayerFile[]>;
}
