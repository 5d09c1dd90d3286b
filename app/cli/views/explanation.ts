import type { Explanation } from '../../contract/explain.ts';
import type { Context } from '../context.ts';
import { formatList } from '../format/list.ts';
import { hasColours, standardOutput } from '../output.ts';

const marks = { ok: ['ok', 32], broken: ['BROKEN', 31], unknown: ['unknown', 33] } as const;

const view = {
  columns: ['subject', 'works', 'verdict'] as const,
  titles: { subject: 'SUBJECT', works: 'WORKS', verdict: 'VERDICT', hops: 'HOPS' },
};

/** @returns the exit code */
export function showExplanation(context: Context, explained: Explanation, format: string | undefined): number {
  const { works, verdict, hops } = explained;
  if (format !== undefined) context.print(...formatList([explained], view, format));
  else {
    const colours = hasColours(standardOutput(), context.env);
    for (const { name, status, detail, fix } of hops) {
      const [word, colour] = marks[status];
      const padded = word.padEnd(7);
      context.print(`${colours ? `\x1b[${colour}m${padded}\x1b[0m` : padded}  ${name}: ${detail}`);
      if (fix !== '') context.print(`         fix: ${fix}`);
    }
    if (works) context.print(`works: ${verdict}`);
  }
  return works ? 0 : 1;
}
