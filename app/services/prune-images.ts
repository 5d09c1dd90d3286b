import { EngineError } from '../base/error.ts';
import type { ImageRecord } from '../content/image-index.ts';
import type { ContentStore } from '../content/store.ts';
import { hasLabel } from '../contract/container-filter.ts';

export interface PruneImages {
  readonly images: 'none' | 'dangling' | 'all';
  readonly untilMs?: number | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly withoutLabels?: readonly string[] | undefined;
}

/** Images that go: unused ones, whose every name goes with them. @param used ids of images in use */
export async function prunedImages(
  content: ContentStore,
  wanted: PruneImages,
  used: ReadonlySet<string>,
): Promise<ImageRecord[]> {
  if (wanted.images === 'none') return [];
  const chosen = new Map<string, ImageRecord>();
  for (const image of content.list())
    if (!used.has(image.configDigest) && (await isPruned(content, image, wanted)))
      chosen.set(image.manifestDigest, image);
  const whole = ({ references }: ImageRecord): boolean =>
    references.every((name) => content.named(name).every(({ manifestDigest }) => chosen.has(manifestDigest)));
  return [...chosen.values()].filter(whole);
}

async function isPruned(content: ContentStore, image: ImageRecord, wanted: PruneImages): Promise<boolean> {
  if (wanted.images === 'dangling' && image.references.length > 0) return false;
  if (wanted.untilMs !== undefined && !(Date.parse(image.created ?? '') < wanted.untilMs)) return false;
  const { labels = [], withoutLabels = [] } = wanted;
  if (labels.length + withoutLabels.length === 0) return true;
  const own = await labelsOf(content, image);
  const has = (label: string): boolean => hasLabel(own, label);
  return labels.every(has) && !withoutLabels.some(has);
}

async function labelsOf(content: ContentStore, image: ImageRecord): Promise<Readonly<Record<string, string>>> {
  try {
    return (await content.config(image)).config?.Labels ?? {};
  } catch (error) {
    if (error instanceof EngineError && error.code === 'corrupt-content') return {};
    throw error;
  }
}
