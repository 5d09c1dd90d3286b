/** `--change` of import and commit: instructions of a Dockerfile that change an image's configuration and nothing else. */
import { EngineError } from '../base/error.ts';
import type { OciImageConfig } from './oci.ts';

type Run = NonNullable<OciImageConfig['config']>;

/** @returns what the instruction's arguments make of a configuration */
type Instruction = (text: string, run: Run) => Partial<Run>;

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: (text) => ({ Cmd: argv(text) }),
  ENTRYPOINT: (text) => ({ Entrypoint: argv(text) }),
  ENV: (text, { Env = [] }) => {
    const pairs = keyValues(text);
    const others = Env.filter((entry) => !pairs.some(([key]) => entry.startsWith(`${key}=`)));
    return { Env: [...others, ...pairs.map(([key, value]) => `${key}=${value}`)] };
  },
  EXPOSE: (text, { ExposedPorts = {} }) => ({ ExposedPorts: { ...ExposedPorts, ...set(words(text).map(port)) } }),
  LABEL: (text, { Labels = {} }) => ({ Labels: { ...Labels, ...Object.fromEntries(keyValues(text)) } }),
  ONBUILD: (text, { OnBuild = [] }) => ({ OnBuild: [...OnBuild, text] }),
  STOPSIGNAL: (text) => ({ StopSignal: text }),
  USER: (text) => ({ User: text }),
  VOLUME: (text, { Volumes = {} }) => ({ Volumes: { ...Volumes, ...set(jsonList(text) ?? words(text)) } }),
  WORKDIR: (text, { WorkingDir = '/' }) => ({ WorkingDir: text.startsWith('/') ? text : joined(WorkingDir, text) }),
};

/** @throws EngineError `invalid-argument` naming the instruction. */
export function changedConfig(run: Run, changes: readonly string[]): Run {
  return changes.reduce<Run>((before, line) => {
    const [, word = '', text = ''] = /^\s*(\S+)\s+(.*?)\s*$/s.exec(line) ?? [];
    const change = Object.hasOwn(instructions, word.toUpperCase()) ? instructions[word.toUpperCase()] : undefined;
    if (change !== undefined && text !== '') return { ...before, ...change(text, before) };
    throw new EngineError('invalid-argument', `${JSON.stringify(line)} is not a change of a configuration.`, {
      hint: `Write an instruction and its arguments: ${Object.keys(instructions).join(', ')}.`,
    });
  }, run);
}

const set = (names: readonly string[]): Record<string, object> => Object.fromEntries(names.map((name) => [name, {}]));
const port = (text: string): string => (text.includes('/') ? text : `${text}/tcp`);
const joined = (folder: string, name: string): string => `${folder.replace(/\/$/, '')}/${name}`;

/** The exec form is a list, the shell form a line for the shell. */
function argv(text: string): string[] {
  return jsonList(text) ?? ['/bin/sh', '-c', text];
}

function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `KEY=VALUE KEY="VALUE WITH SPACES"`, or the old `KEY VALUE`. */
function keyValues(text: string): [string, string][] {
  const list = words(text);
  const [first = '', ...rest] = list;
  if (!first.includes('=')) return [[first, rest.join(' ')]];
  return list.map((word) => {
    const at = word.indexOf('=');
    return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
  });
}

/** At spaces outside of quotes; quotes and backslashes go as a shell takes them away. */
function words(text: string): string[] {
  const found = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s\\"'])+/gs) ?? [];
  return found.map((word) =>
    word.replaceAll(
      /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/gs,
      (_, escaped?: string, double?: string, single?: string) =>
        escaped ?? single ?? (double ?? '').replaceAll(/\\(["\\$])/g, '$1'),
    ),
  );
}
