/** Rows of `images`: one for each name of an image. */
import type { ImageSummary } from '../../contract/image.ts';
import { decimalSize } from '../flags/bytes.ts';
import type { ListView } from '../format/list.ts';
import { humanDuration } from '../../contract/times.ts';
import { goTime } from './times.ts';

export interface ImageRow {
  readonly Repository: string;
  readonly Tag: string;
  readonly ID: string;
  readonly Digest: string;
  readonly CreatedSince: string;
  readonly CreatedAt: string;
  readonly Size: string;
  readonly Platform: string;
}

export const imageView: ListView<ImageRow> = {
  columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'],
  titles: {
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    ID: 'IMAGE ID',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    Platform: 'PLATFORM',
  },
};

export const digestImageView: ListView<ImageRow> = {
  ...imageView,
  columns: ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'],
};

export function imageRows(image: ImageSummary, options: { nowMs: number; truncate: boolean }): ImageRow[] {
  const references = image.references.length > 0 ? image.references : ['<none>:<none>'];
  const created = Date.parse(image.createdAt);
  const known = !Number.isNaN(created);
  return references.map((reference) => ({
    ...splitReference(reference),
    ID: options.truncate ? image.id.replace(/^sha256:/, '').slice(0, 12) : image.id,
    Digest: image.digest,
    CreatedSince: known ? `${humanDuration(options.nowMs - created)} ago` : 'N/A',
    CreatedAt: known ? goTime(created) : 'N/A',
    Size: decimalSize(image.sizeBytes),
    Platform: image.platform,
  }));
}

/** The tag begins after the last colon behind the last slash. */
export function splitReference(reference: string): { Repository: string; Tag: string } {
  const name = reference.split('@', 1)[0] ?? '';
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return colon < 0
    ? { Repository: name, Tag: '<none>' }
    : { Repository: name.slice(0, colon), Tag: name.slice(colon + 1) };
}
