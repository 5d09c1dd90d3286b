/** One command in the tree: its names, and how its file is loaded. */
import type { CommandSpec } from './spec.ts';

export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: Group;
  /** Not in help or completion. */
  readonly hidden?: boolean;
  readonly load?: () => Promise<{ readonly command: CommandSpec }>;
  readonly children?: readonly CommandEntry[];
}

export const groups = ['Common', 'Containers', 'Images, volumes, networks', 'Engine', 'Kernel', 'Other'] as const;
export type Group = (typeof groups)[number];

export function leaf(group: Group, name: string, summary: string, load: CommandEntry['load']): CommandEntry {
  return { name, summary, group, load };
}
