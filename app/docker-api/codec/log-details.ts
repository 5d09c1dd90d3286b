/** What `--log-opt labels=…` and the like say of a container, for `docker logs --details`. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';

type Texts = Readonly<Record<string, string>>;

/** `key=value,key=value` as in a query, by key; a blank follows also when there is none. */
export function logDetails(info: ContainerInfo): string {
  const { options = {} } = info.spec.log;
  const tag = tagOf(info, options['tag'] ?? '');
  const details = {
    ...chosen(info.spec.labels, options['labels'], options['labels-regex']),
    ...chosen(variables(info.spec.env), options['env'], options['env-regex']),
    ...(tag !== '' && { tag }),
  };
  const pairs = Object.entries(details).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${pairs.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join(',')} `;
}

/** @throws EngineError `invalid-argument` for what could not be told later */
export function checkLogDetails(options: Texts): void {
  for (const key of ['labels-regex', 'env-regex']) {
    try {
      pattern(options[key]);
    } catch (error) {
      const why = error instanceof Error ? error.message : '';
      throw new EngineError('invalid-argument', `invalid log option ${key}: ${why}`);
    }
  }
  const unknown = (options['tag'] ?? '')
    .split(placeholder)
    .find((part, index) => (index % 2 === 0 ? part.includes('{{') : !(part in fields)));
  if (unknown === undefined) return;
  throw new EngineError('invalid-argument', `invalid log option tag: ${JSON.stringify(unknown)} is not known`, {
    hint: `It takes ${Object.keys(fields)
      .map((field) => `{{.${field}}}`)
      .join(', ')}.`,
  });
}

function chosen(all: Texts, names: string | undefined, expression: string | undefined): Texts {
  const named = new Set((names ?? '').split(','));
  const matching = pattern(expression);
  return Object.fromEntries(Object.entries(all).filter(([key]) => named.has(key) || matching?.test(key) === true));
}

function pattern(expression: string | undefined): RegExp | undefined {
  return expression === undefined || expression === '' ? undefined : new RegExp(expression);
}

function variables(env: readonly string[]): Texts {
  const pairs = env.map((variable) => /^([^=]*)=([^]*)$/.exec(variable) ?? []);
  return Object.fromEntries(pairs.flatMap(([, name, value]) => (name && value !== undefined ? [[name, value]] : [])));
}

const placeholder = /\{\{\s*\.(\w+)\s*\}\}/;
const shortId = 12;

/** Of Docker's template those parts that have no argument. */
const fields: Readonly<Record<string, (info: ContainerInfo) => string>> = {
  ID: ({ id }) => id.slice(0, shortId),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ spec }) => spec.image.id.slice(0, shortId),
  ImageFullID: ({ spec }) => spec.image.id,
  ImageName: ({ spec }) => spec.image.reference,
  Command: ({ spec }) => spec.argv.join(' '),
  DaemonName: () => 'docker',
};

function tagOf(info: ContainerInfo, template: string): string {
  const parts = template.split(placeholder);
  return parts.map((part, index) => (index % 2 === 0 ? part : (fields[part]?.(info) ?? ''))).join('');
}

/** As Go's url.QueryEscape. */
function escaped(text: string): string {
  const kept = encodeURIComponent(text).replace(/%20/g, '+');
  return kept.replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}
