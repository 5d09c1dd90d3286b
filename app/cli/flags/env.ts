import type { OptionSpec } from '../command/spec.ts';
import { badFlag, usageError, badOptionExit } from '../command/usage-error.ts';

export const envOption: OptionSpec = {
  name: 'env',
  short: 'e',
  value: 'NAME[=VALUE]',
  list: true,
  help: 'Set an environment variable, or pass yours on',
};

type Env = Readonly<Record<string, string | undefined>>;

/**
 * `NAME=value` is kept; `NAME` alone takes the caller's value. Where there is none it stays alone, which takes the image's
 * variable away, as Docker's command has it.
 */
export function parseEnv(text: string, own: Env, flag = '--env'): string {
  const equals = text.indexOf('=');
  if (text === '' || equals === 0)
    throw badFlag(flag, text, 'the name is empty', 'Write NAME=value, or NAME to pass your own on.');
  const value = equals > 0 ? undefined : own[text];
  return value === undefined ? text : `${text}=${value}`;
}

/**
 * Lines of an `--env-file`: as `--env`, but a name without a value of the caller's is left out, and the image's stays; empty
 * lines and those that start with `#` are skipped; no quoting.
 */
export function parseEnvFile(content: string, own: Env, path: string): string[] {
  const lines = content.replace(/^\ufeff/, '').split(/\r?\n/);
  return lines.flatMap((raw, index) => {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) return [];
    const name = line.split('=', 1)[0] ?? '';
    if (name === '' || /\s/.test(name))
      throw usageError(
        `line ${index + 1} of ${path} has no variable name: ${JSON.stringify(line)}`,
        'Write NAME=value, one a line, without spaces in the name.',
        badOptionExit,
      );
    const variable = parseEnv(line, own);
    return variable.includes('=') ? [variable] : [];
  });
}

/** `key=value`; `key` alone is empty. */
export function parseLabel(text: string, flag = '--label'): [string, string] {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key.trim() === '') throw badFlag(flag, text, 'the key is empty', 'Write KEY=value.');
  return [key, equals < 0 ? '' : text.slice(equals + 1)];
}

/** Lines of a `--label-file`. */
export function parseLabelFile(content: string, flag = '--label-file'): [string, string][] {
  const lines = content.split(/\r?\n/).map((line) => line.trimStart());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => parseLabel(line, flag));
}
