/** Docker's default profile, compiled once for each set of capabilities. */
import profile from '../seccomp-default.json' with { type: 'json' };
import { compileSeccomp, type SeccompFilter } from './compile.ts';
import type { FilterContext } from './rules.ts';

const compiled = new Map<string, SeccompFilter>();

export function defaultFilter(context: FilterContext): SeccompFilter {
  const key = [context.architecture, context.kernel, ...[...context.capabilities].sort()].join(' ');
  const known = compiled.get(key);
  if (known) return known;
  const filter = compileSeccomp(profile, context);
  compiled.set(key, filter);
  return filter;
}
