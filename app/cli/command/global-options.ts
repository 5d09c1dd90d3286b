import type { OptionSpec } from './spec.ts';

/** Understood by every command, before or after its name. */
export const globalOptions: readonly OptionSpec[] = [
  { name: 'machine', value: 'NAME', help: 'Machine to use (BERTH_MACHINE; "default")', complete: 'machine' },
  { name: 'debug', short: 'D', help: 'With an error, show its causes and where it arose' },
  { name: 'help', help: 'Explain the command' },
];
