/**
 * Writes docs/compatibility.md: every endpoint of Docker's API and how far it is supported, from the table of routes that
 * answers it, and how often a test puts it to dockerd, too. test/integration/docker-api/description.test.ts fails for a row
 * that says more than what is answered. `--check` only compares.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import type { Route } from '../app/docker-api/api.ts';
import { newestVersion, oldestVersion } from '../app/docker-api/codec/version.ts';
import { routes } from '../app/docker-api/routes/index.ts';

import { Router } from '../app/docker-api/router.ts';

const tables = fileURLToPath(new URL('../test/docker-compat/tables/like-docker/', import.meta.url));
const file = new URL('../docs/compatibility.md', import.meta.url);

function support({ partly, missing }: Route): string {
  if (missing !== undefined) return `no: ${missing}`;
  return partly === undefined ? 'yes' : `partly: ${partly}`;
}

/** How many requests to each route are put to dockerd, too, with every difference named. */
function comparisons(): ReadonlyMap<Route, number> {
  const router = new Router(routes);
  const texts = readdirSync(tables).map((name) => readFileSync(join(tables, name), 'utf8'));
  const asked = texts.flatMap((source) =>
    [...source.matchAll(/\['?\s*'([A-Z]+ \/[^']*)'/g)].map(([, words = '']) => words),
  );
  const counts = new Map<Route, number>();
  for (const words of asked) {
    const [method = '', target = ''] = words.split(' ');
    const route = found(router, method, target.split('?')[0] ?? '');
    if (route !== undefined) counts.set(route, (counts.get(route) ?? 0) + 1);
  }
  return counts;
}

/** Some are asked for because nobody has them. */
function found(router: Router, method: string, path: string): Route | undefined {
  try {
    return router.find(method, path).route;
  } catch {
    return undefined;
  }
}

function text(): string {
  const compared = comparisons();
  const rows = routes
    .map((route) => [`${route.path} ${route.method}`, route] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([, route]) =>
        `| \`${route.method} ${route.path}\` | ${support(route)} | ${compared.get(route) ?? ''} | ${route.needsEngine ? 'yes' : 'no'} |`,
    );
  const count = (test: (route: Route) => boolean) => routes.filter(test).length;
  const whole = count(({ partly, missing }) => partly === undefined && missing === undefined);
  const part = count(({ partly }) => partly !== undefined);
  return [
    '# Docker API: what is supported',
    '',
    `Made by \`node scripts/generate-compatibility.ts\` from the table of routes. Versions ${oldestVersion} to ${newestVersion}; ${whole} endpoints whole, ${part} partly, ${routes.length - whole - part} not.`,
    'An endpoint that is not supported says so, with the status that Docker has for that.',
    '',
    'Each row is held by a test: what is supported answers as Docker’s description says, what is partly supported is asked',
    'for where its limit is, and what is not refuses. The third column counts the requests that are put to Debian’s dockerd',
    '26.1 as well, and must be answered alike but for differences that are named, with their reasons, in',
    '`test/docker-compat/tables/like-docker`. The `docker` command, Compose and libraries are tested beside that.',
    '',
    '| Endpoint | Supported | Compared | Boots the engine |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'What `POST /containers/create` and `POST /containers/{id}/update` do not grant is named in `Warnings`.',
    '',
  ].join('\n');
}

const made = await format(text(), { parser: 'markdown', printWidth: 120 });
if (!process.argv.includes('--check')) writeFileSync(file, made);
else if (readFileSync(file, 'utf8') !== made) {
  process.stderr.write('docs/compatibility.md is stale — Run "node scripts/generate-compatibility.ts".\n');
  process.exitCode = 1;
}
