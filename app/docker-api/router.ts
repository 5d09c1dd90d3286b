import { refusal } from './codec/error.ts';
import type { Route } from './api.ts';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** Names of images, plugins and links have slashes. */
const withSlashes = /^\w+ \/(images|distribution|plugins)\/|^DELETE \/containers\//;

export class Router {
  readonly #routes: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, pattern: compile(route) }));
  }

  /** @throws EngineError with the status 404, also for a known path and another method, as Docker answers it */
  find(method: string, path: string): Match {
    for (const { route, pattern } of this.#routes) {
      const groups = route.method === method ? pattern.exec(path)?.groups : undefined;
      if (groups !== undefined) return { route, params: decoded(groups) };
    }
    throw refusal(404, 'page not found');
  }
}

function compile({ method, path }: Route): RegExp {
  const any = withSlashes.test(`${method} ${path}`) ? '.+' : '[^/]+';
  // The empty group makes `groups` an object also where there is no parameter.
  return new RegExp(`^(?<_>)${path.replace(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>${any})`)}$`);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeText(text)]));
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal(400, `the path ${JSON.stringify(text.slice(0, 80))} has an escape that is none`);
  }
}
