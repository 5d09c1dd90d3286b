import { EngineError } from '../base/error.ts';

export interface ErrorStyle {
  /** On a terminal the hint has a line of its own. */
  readonly terminal: boolean;
  readonly debug: boolean;
}

/** `berth: <what happened>`, with the hint after it; causes and stacks only for `--debug`. */
export function describeError(error: unknown, { terminal, debug }: ErrorStyle): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof EngineError ? (error.hint ?? '') : '';
  const lines = [`berth: ${oneLine(message)}`];
  if (hint !== '' && terminal) lines.push(`  hint: ${hint.replaceAll('\n', '\n  ')}`);
  else if (hint !== '') lines[0] = `${lines[0] ?? ''} — ${oneLine(hint)}`;
  if (debug) lines.push(...details(error));
  return lines.join('\n');
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ');
}

function details(error: unknown): string[] {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth++) {
    lines.push(
      `${depth === 0 ? '' : 'caused by '}${at instanceof Error ? (at.stack ?? at.message) : JSON.stringify(at)}`,
    );
    if (at instanceof EngineError)
      lines.push(`  code: ${at.code}${at.data === undefined ? '' : `, data: ${JSON.stringify(at.data)}`}`);
    at = at instanceof Error ? at.cause : undefined;
  }
  return lines;
}
