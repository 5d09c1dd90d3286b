/** The image that the benchmark pulls: about 160 MiB of gzip in six layers of Debian packages, of very different sizes. */
import { type ImageRecipe, minbase } from './recipes.ts';

const packages = ['python3', 'libllvm19', 'postgresql-17', 'nginx,redis-server', 'git,curl,vim-tiny'];

export const benchImages = {
  bench: {
    layers: [minbase, ...packages.map((names) => ({ packages: names.split(',') }))],
    config: { Cmd: ['true'], Env: ['PATH=/usr/sbin:/usr/bin'] },
  },
} as const satisfies Readonly<Record<string, ImageRecipe>>;
