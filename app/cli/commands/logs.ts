import type { CommandSpec } from '../command/spec.ts';
import { badFlag } from '../command/usage-error.ts';
import { parseTime } from '../flags/time.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER',
  description: 'Shows what a container has printed: its standard output on ours, its errors on ours.',
  options: [
    { name: 'follow', short: 'f', help: 'Go on until it ends' },
    { name: 'since', value: 'TIME', help: 'From this time on: 10m, 2026-01-02T15:04:05Z, or Unix seconds' },
    { name: 'until', value: 'TIME', help: 'Up to this time' },
    { name: 'tail', short: 'n', value: 'LINES', help: 'Only the last lines (default all)' },
    { name: 'timestamps', short: 't', help: 'Show when each line was printed' },
  ],
  examples: [
    { line: 'berth logs -f web', does: 'Follow' },
    { line: 'berth logs --tail 20 -t web', does: 'The last 20 lines with their times' },
    { line: 'berth logs --since 5m web', does: 'The last five minutes' },
  ],
  args: [1, 1],
  completeArgument: 'container',
  async run(context, { args: [id = ''], options }) {
    const now = Date.now();
    const time = (name: string) => {
      const text = options.text(name);
      return text === undefined ? undefined : parseTime(text, now, `--${name}`);
    };
    const request = {
      id,
      follow: options.flag('follow'),
      stdout: true,
      stderr: true,
      since: time('since'),
      until: time('until'),
      tail: tailOf(options.text('tail')),
    };
    const client = await context.connect('running');
    const { stream } = await client.api.containers.logs(request);
    const [{ showLog }, bytes] = await Promise.all([import('../terminal/log-stream.ts'), client.openStream(stream)]);
    await showLog(bytes, options.flag('timestamps'));
    return 0;
  },
};

function tailOf(text: string | undefined): number {
  if (text === undefined || text === 'all') return -1;
  if (/^-?[0-9]+$/.test(text)) return Math.max(Number(text), -1);
  throw badFlag('--tail', text, 'it is not a number of lines', 'Write a number, or all.');
}
