/**
 * Draws the layers from the real imports into ARCHITECTURE.md, between its markers, as a mermaid graph: an arrow for each
 * pair of folders where one imports the other. `--check` writes nothing and fails when the drawing is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build/cached.ts';
import { imports } from './build/cruise.ts';

const page = join(root, 'ARCHITECTURE.md');
const markers = ['<!-- graph:begin -->', '<!-- graph:end -->'] as const;

/** `app/machine/backends/qemu/x.ts` belongs to `app/machine`; files at the top of a half to its composition root. */
export function layerOf(path: string): string | undefined {
  const [half, folder, ...rest] = path.split('/');
  if (half !== 'app' && half !== 'guest-agent') return undefined;
  return rest.length === 0 ? `${half}/main` : `${half}/${folder ?? ''}`;
}

export function mermaid(edges: readonly (readonly [string, string])[]): string {
  const id = (layer: string): string => layer.replaceAll(/[^a-z]/g, '_');
  const layers = [...new Set(edges.flat())].sort();
  const half = (prefix: string): string[] =>
    layers
      .filter((layer) => layer.startsWith(prefix))
      .map((layer) => `    ${id(layer)}["${layer.slice(prefix.length)}"]`);
  const arrows = [...new Set(edges.map(([from, to]) => `  ${id(from)} --> ${id(to)}`))].sort();
  return [
    '```mermaid',
    'graph TD',
    '  subgraph app',
    ...half('app/'),
    '  end',
    '  subgraph guest-agent',
    ...half('guest-agent/'),
    '  end',
    ...arrows,
    '```',
  ].join('\n');
}

async function edges(): Promise<[string, string][]> {
  const { modules } = await imports(['app', 'guest-agent'], false);
  return modules.flatMap((module) =>
    module.dependencies.flatMap((dependency): [string, string][] => {
      const [from, to] = [layerOf(module.source), layerOf(dependency.resolved)];
      return from === undefined || to === undefined || from === to ? [] : [[from, to]];
    }),
  );
}

export function withGraph(text: string, graph: string): string {
  const [begin, end] = markers.map((marker) => text.indexOf(marker));
  if (begin === undefined || end === undefined || begin < 0 || end < begin)
    throw new Error(`ARCHITECTURE.md needs the lines ${markers.join(' and ')}.`);
  return `${text.slice(0, begin + markers[0].length)}\n${graph}\n${text.slice(end)}`;
}

if (import.meta.main) {
  const text = readFileSync(page, 'utf8');
  const fresh = withGraph(text, mermaid(await edges()));
  if (!process.argv.includes('--check')) writeFileSync(page, fresh);
  else if (fresh !== text) {
    process.stdout.write('The graph in ARCHITECTURE.md is stale: run "node scripts/graph.ts".\n');
    process.exitCode = 1;
  }
}
