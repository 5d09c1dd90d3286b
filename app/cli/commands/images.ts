import type { ImageSummary } from '../../contract/image.ts';
import type { CommandSpec } from '../command/spec.ts';
import { formatList } from '../format/list.ts';
import { filterOption, listFormat, noTrunc, quietIds } from '../shared/format-option.ts';
import { hasLabel, matches, type Filters } from '../../contract/container-filter.ts';
import { parseFilters } from '../views/container-filter.ts';
import { digestImageView, imageRows, imageView } from '../views/image-row.ts';

const filterKeys = ['reference', 'label'];

export const command: CommandSpec = {
  usage: '[REPOSITORY[:TAG]]',
  description: 'Lists the images on this host. The engine need not run.',
  options: [
    quietIds,
    noTrunc,
    { name: 'digests', help: 'Show digests' },
    { ...filterOption, help: `Show only what matches: ${filterKeys.join(', ')}` },
    listFormat,
    { name: 'all', short: 'a', help: 'Accepted; there are no intermediate images' },
  ],
  examples: [
    { line: 'berth images', does: 'All' },
    { line: "berth images --format '{{.Repository}}:{{.Tag}} {{.Size}}'", does: 'Names and sizes' },
  ],
  args: [0, 1],
  completeArgument: 'image',
  async run(context, { args: [name], options }) {
    const filters = parseFilters(options.list('filter'), filterKeys);
    const { api } = await context.connect('service');
    const found = (await api.images.list({})).filter((image) => isWanted(image, name, filters));
    const rows = found.flatMap((image) => imageRows(image, { nowMs: Date.now(), truncate: !options.flag('no-trunc') }));
    if (options.flag('quiet')) context.print(...new Set(rows.map(({ ID }) => ID)));
    else
      context.print(...formatList(rows, options.flag('digests') ? digestImageView : imageView, options.text('format')));
    return 0;
  },
};

function isWanted(image: ImageSummary, name: string | undefined, filters: Filters): boolean {
  const named =
    name === undefined || image.references.some((reference) => reference === name || reference.startsWith(`${name}:`));
  const labels = filters.get('label') ?? [];
  const references = filters.get('reference') ?? [];
  return (
    named &&
    labels.every((label) => hasLabel(image.labels, label)) &&
    (references.length === 0 ||
      image.references.some((reference) => references.some((pattern) => isLike(reference, pattern))))
  );
}

/** `*` stands for anything but a slash. */
function isLike(reference: string, pattern: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return matches(reference, `^${escaped}(:[^/]*)?$`);
}
