import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import type { Options } from '../command/options.ts';
import type { CommandSpec } from '../command/spec.ts';
import { usageError, badOptionExit } from '../command/usage-error.ts';
import { binarySize, parseBytes } from '../flags/bytes.ts';
import { parseInteger } from '../flags/numbers.ts';

export const command: CommandSpec = {
  usage: '[NAME]',
  description: 'Changes settings of a machine (made when it is new); one that runs takes them when it is restarted.',
  options: [
    { name: 'cpus', value: 'NUMBER', help: 'Number of CPUs' },
    { name: 'memory', short: 'm', value: 'BYTES', help: 'Memory, such as 4g' },
    { name: 'disk', value: 'BYTES', help: 'Size of the data disk; it may grow, not shrink' },
    {
      name: 'accelerator',
      value: 'NAME',
      help: 'kvm, hvf, whpx or tcg; auto chooses by trial',
      complete: ['auto', 'kvm', 'hvf', 'whpx', 'tcg'],
    },
    { name: 'share', value: 'FOLDER[:ro]', list: true, help: 'Host folders for -v, all of them', complete: 'file' },
    { name: 'no-share', help: 'Share no folder' },
  ],
  examples: [
    { line: 'berth machine set --cpus 4 --memory 8g', does: 'The default machine' },
    { line: 'berth machine set --share ~/src --share /data:ro', does: 'What containers may mount' },
    { line: 'berth machine set test --disk 20g', does: 'Another machine' },
  ],
  args: [0, 1],
  completeArgument: 'machine',
  async run(context, { args: [name], options }) {
    const change = readChange(options);
    if (Object.values(change).every((value) => value === undefined))
      throw usageError(
        'no setting to change was given',
        "See 'berth machine set --help' for the options.",
        badOptionExit,
      );
    using own = context.forMachine(name ?? context.globals.machine);
    return await set(own, change);
  },
};

type Change = ReturnType<typeof readChange>;

async function set(context: Context, change: Change): Promise<number> {
  const { api } = await context.connect('service');
  const settings = await api.machines.set(change);
  const folders = settings.shares.map(({ path, readOnly }) => (readOnly ? `${path}:ro` : path)).join(', ');
  context.print(
    `Machine ${context.globals.machine}: ${settings.cpus} CPUs, ${binarySize(settings.memoryBytes)} memory, ` +
      `${binarySize(settings.diskBytes)} disk, accelerator ${settings.accelerator || 'auto'}, shares: ${folders || 'none'}`,
  );
  const state = await api.engine.state({});
  if (state.status === 'running') context.note('It runs: "berth restart" makes the change count.');
  return 0;
}

function readChange(options: Options) {
  const bytes = (name: string) => {
    const text = options.text(name);
    return text === undefined ? undefined : parseBytes(text, `--${name}`);
  };
  const cpus = options.text('cpus');
  const accelerator = options.text('accelerator');
  return {
    cpus: cpus === undefined ? undefined : parseInteger(cpus, '--cpus', { from: 1 }),
    memoryBytes: bytes('memory'),
    diskBytes: bytes('disk'),
    accelerator: accelerator === 'auto' ? '' : accelerator,
    shares: options.flag('no-share') ? [] : options.has('share') ? options.list('share').map(parseShare) : undefined,
  };
}

function parseShare(text: string): { path: string; readOnly: boolean } {
  const readOnly = text.endsWith(':ro');
  return { path: resolve(text.replace(/:r[ow]$/, '')), readOnly };
}
