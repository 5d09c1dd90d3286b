import type { CommandSpec } from '../command/spec.ts';
import { exitCode } from '../exit-code.ts';
import { formatInspect } from '../format/list.ts';
import { inspectFormat } from '../shared/format-option.ts';
import { describeState } from '../views/machine-row.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Tells whether the engine runs; starts nothing. Exit code 0 when it runs, 3 when it does not.',
  options: [inspectFormat],
  examples: [
    { line: 'berth status', does: 'For people' },
    { line: "berth status --format '{{.status}}'", does: 'One word' },
  ],
  args: [0, 0],
  async run(context, { options }) {
    const [state, service] = (await context.askIfThere(({ api, hello }) =>
      Promise.all([api.engine.state({}), hello]),
    )) ?? [{ status: 'stopped' as const }];
    const format = options.text('format');
    const lines =
      format === undefined
        ? describeState(context.globals.machine, state)
        : formatInspect([{ ...state, servicePid: service?.pid ?? 0 }], format === 'json' ? '{{json .}}' : format);
    context.print(...lines);
    return state.status === 'running' ? 0 : exitCode.notRunning;
  },
};
