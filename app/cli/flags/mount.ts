import type { RunMount } from '../../contract/run-config.ts';
import { badFlag } from '../command/usage-error.ts';
import { parseBytes } from './bytes.ts';
import { parseCsv } from './csv.ts';
import { checkTarget, checkVolumeName, type HostPaths } from './volume.ts';

const hint = 'Write type=bind|volume|tmpfs,source=…,target=/DIR[,readonly], such as type=bind,source=/src,target=/app.';

interface Fields {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly copyUp: boolean;
  readonly size: string | undefined;
  readonly mode: string | undefined;
}

/** One `--mount` value: comma-separated `key=value` (CSV quoting); the keys are Docker's. */
export function parseMount(text: string, paths: HostPaths, flag = '--mount'): RunMount {
  const fields = readFields(text, flag);
  const target = checkTarget(fields.target, text, flag);
  const { readOnly } = fields;
  switch (fields.type) {
    case 'bind':
      if (fields.source === '') throw badFlag(flag, text, 'a bind needs a source', hint);
      return { type: 'bind', source: paths.absolute(fields.source), target, readOnly };
    case 'volume': {
      const name = fields.source === '' ? '' : checkVolumeName(fields.source, text, flag);
      return { type: 'volume', name, target, readOnly, copyUp: fields.copyUp };
    }
    case 'tmpfs':
      if (fields.source !== '') throw badFlag(flag, text, 'a tmpfs has no source', hint);
      return { type: 'tmpfs', target, readOnly, ...tmpfsFields(fields, text, flag), options: [] };
    default:
      throw badFlag(flag, text, `there is no mount type ${JSON.stringify(fields.type)}`, hint);
  }
}

function tmpfsFields(fields: Fields, text: string, flag: string): { sizeBytes?: number; mode?: number } {
  return {
    ...(fields.size === undefined ? {} : { sizeBytes: parseBytes(fields.size, flag) }),
    ...(fields.mode === undefined ? {} : { mode: parseMode(fields.mode, text, flag) }),
  };
}

/** Permission bits in octal. */
export function parseMode(mode: string, text: string, flag: string): number {
  if (/^[0-7]{1,5}$/.test(mode)) return Number.parseInt(mode, 8);
  throw badFlag(flag, text, `the mode ${JSON.stringify(mode)} is not octal`, 'Write permission bits such as 1777.');
}

const aliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};
const known = [
  'type',
  'source',
  'target',
  'readonly',
  'volume-nocopy',
  'tmpfs-size',
  'tmpfs-mode',
  'consistency',
  'bind-propagation',
];

function readFields(text: string, flag: string): Fields {
  const values = new Map<string, string>();
  for (const field of parseCsv(text, flag)) {
    const equals = field.indexOf('=');
    const word = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    const key = aliases[word] ?? word;
    if (!known.includes(key)) throw badFlag(flag, text, `${JSON.stringify(word)} is not a key of a mount`, hint);
    values.set(key, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  const target = values.get('target');
  if (target === undefined) throw badFlag(flag, text, 'it has no target', hint);
  const propagation = values.get('bind-propagation');
  if (propagation !== undefined && !['rprivate', 'private'].includes(propagation))
    throw badFlag(flag, text, `the propagation ${propagation} does not cross the VM`, 'Leave bind-propagation out.');
  return {
    type: (values.get('type') ?? 'volume').toLowerCase(),
    source: values.get('source') ?? '',
    target,
    readOnly: isOn(values.get('readonly')),
    copyUp: !isOn(values.get('volume-nocopy')),
    size: values.get('tmpfs-size'),
    mode: values.get('tmpfs-mode'),
  };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['false', '0'].includes(value);
}
