/**
 * Gets everything that the build needs: the pinned Node, the npm packages, the system packages. Has no dependencies and
 * runs on Node 18. `node scripts/setup.mjs [--test]`; start.mjs and test.mjs call it too.
 */
import { realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedNode } from './setup/node.mjs';
import { npmPackages } from './setup/packages.mjs';
import { main, step } from './setup/run.mjs';
import { systemPackages } from './setup/system-packages.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {'start' | 'test'} purpose
 * @returns the path of the pinned Node and an environment that has it first in PATH.
 */
export async function setup(purpose) {
  let node = '';
  await step('system packages', () => systemPackages(purpose));
  await step('Node', async () => {
    node = await pinnedNode(root);
    return dirname(node);
  });
  await step('npm packages', () => npmPackages(root, node));
  return { node, env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` } };
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(async () => void (await setup(process.argv.includes('--test') ? 'test' : 'start')));
