import { join } from 'node:path';
import type { BuildOptions } from 'esbuild';
import { root } from './cached.ts';
import { lazyBuiltins } from './lazy-builtins.ts';

/** How the `berth` command becomes one file. Its one library in CommonJS needs nothing of it but Node's own modules. */
export function commandBundle(outfile: string): BuildOptions & { readonly outfile: string } {
  return {
    entryPoints: [join(root, 'app/cli/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Names stay as they are: stacks of --debug can be read, and nothing has to restore them at each start.
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    plugins: [lazyBuiltins],
  };
}
