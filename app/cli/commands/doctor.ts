import type { CommandSpec } from '../command/spec.ts';
import { hasColours, standardOutput } from '../output.ts';
import { listFormat } from '../shared/format-option.ts';
import { formatList } from '../format/list.ts';

const marks = { ok: ['ok', 32], warning: ['warning', 33], failed: ['FAILED', 31] } as const;

export const command: CommandSpec = {
  usage: '',
  description: 'Checks what Berth needs of this host, and the machine. Exit code 1 when something failed.',
  options: [{ name: 'retry', help: 'Try again accelerators that failed a trial boot before' }, listFormat],
  examples: [{ line: 'berth doctor', does: 'All checks' }],
  args: [0, 0],
  async run(context, { options }) {
    const { api } = await context.connect('service');
    const checks = await api.engine.doctor({ retryAccelerators: options.flag('retry') });
    const format = options.text('format');
    if (format !== undefined) context.print(...formatList(checks, view, format));
    else
      for (const { name, status, detail, hint } of checks) {
        context.print(`${paint(context.env, status)}  ${name}: ${detail}`);
        if (hint !== '') context.print(`         hint: ${hint}`);
      }
    return checks.some(({ status }) => status === 'failed') ? 1 : 0;
  },
};

const view = {
  columns: ['name', 'status', 'detail', 'hint'] as const,
  titles: { name: 'CHECK', status: 'STATUS', detail: 'DETAIL', hint: 'HINT' },
};

function paint(env: NodeJS.ProcessEnv, status: keyof typeof marks): string {
  const [word, colour] = marks[status];
  const padded = word.padEnd(7);
  return hasColours(standardOutput(), env) ? `\x1b[${colour}m${padded}\x1b[0m` : padded;
}
