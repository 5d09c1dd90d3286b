import type { OptionSpec } from '../command/spec.ts';

export const listFormat: OptionSpec = {
  name: 'format',
  value: 'FORMAT',
  help: 'json, a Go template, or "table TEMPLATE"',
  complete: ['json', 'table'],
};

export const inspectFormat: OptionSpec = {
  name: 'format',
  short: 'f',
  value: 'FORMAT',
  help: 'json or a Go template',
  complete: ['json'],
};

export const noTrunc: OptionSpec = { name: 'no-trunc', help: 'Do not shorten anything' };
export const quietIds: OptionSpec = { name: 'quiet', short: 'q', help: 'Print only names or ids' };
export const filterOption: OptionSpec = {
  name: 'filter',
  short: 'f',
  value: 'KEY=VALUE',
  list: true,
  help: 'Show only what matches',
};
export const forceOption: OptionSpec = { name: 'force', short: 'f', help: 'Do not ask' };
export const quietStart: OptionSpec = {
  name: 'quiet',
  short: 'q',
  help: 'No progress while the engine starts or an image is fetched',
};
export const detachKeysOption: OptionSpec = {
  name: 'detach-keys',
  value: 'KEYS',
  help: 'Keys that leave the terminal (default ctrl-p,ctrl-q)',
};
export const sigProxyOption: OptionSpec = { name: 'sig-proxy', help: 'Pass signals on to the process (default true)' };
