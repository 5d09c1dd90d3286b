/** `npm run bench [-- --json FILE] [-- --rounds N]`: the set-up of the tests, then test/bench/main.ts with these words. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { main } from './setup/run.mjs';
import { root, setup } from './setup.mjs';

function inherit(node, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { stdio: 'inherit', cwd: root, env });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

await main(async () => {
  const { node, env } = await setup('test');
  const built = await inherit(node, [join(root, 'scripts/build.ts')], env);
  return built === 0 ? inherit(node, [join(root, 'test/bench/main.ts'), ...process.argv.slice(2)], env) : built;
});
