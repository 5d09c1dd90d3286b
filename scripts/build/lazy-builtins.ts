import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * Node's own modules are loaded when something of theirs is first used, not when the bundle starts: in one file esbuild
 * lifts all imports of them to the top, and `node:crypto` alone takes a quarter of Node's start-up.
 *
 * esbuild's helper for CommonJS makes a namespace object with the exports' prototype; that is the proxy here.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    // Libraries leave the `node:` out.
    build.onResolve({ filter: /^(node:)?[a-z/_]+$/ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: 'lazy-builtins' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy-builtins' }, ({ path }) => {
      const load = `loaded ??= process.getBuiltinModule(${JSON.stringify(path)})`;
      const proxy = `new Proxy({}, { get: (_, name) => (${load})[name] })`;
      return { contents: `let loaded; module.exports = Object.create(${proxy});`, loader: 'js' };
    });
  },
};
