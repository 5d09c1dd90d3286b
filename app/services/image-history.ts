import type { ImageRecord } from '../content/image-index.ts';
import type { OciImageConfig } from '../content/oci.ts';
import { familiarReference, parseReference } from '../content/reference.ts';
import type { HistoryEntry } from '../contract/index.ts';

type Step = Partial<NonNullable<OciImageConfig['history']>[number]>;

/** The image's steps, the last one first; layers belong to the steps that made one, in order. */
export function imageHistory(image: ImageRecord, { history = [] }: OciImageConfig): HistoryEntry[] {
  const made = history.filter((step) => step.empty_layer !== true).length;
  // Images whose makers tell nothing still have their layers.
  const untold = Array.from({ length: Math.max(image.layers.length - made, 0) }, (): Step => ({}));
  const layers = image.layers.values();
  const entries = [...history, ...untold].map((step: Step) => ({
    id: '',
    createdAt: step.created ?? '',
    createdBy: step.created_by ?? '',
    comment: step.comment ?? '',
    sizeBytes: step.empty_layer === true ? 0 : (layers.next().value?.size ?? 0),
    references: [],
  }));
  const references = image.references.map((name) => familiarReference(parseReference(name)));
  return entries
    .reverse()
    .map((entry, position) => (position === 0 ? { ...entry, id: image.configDigest, references } : entry));
}
