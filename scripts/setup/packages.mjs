/** The npm packages of package-lock.json; installed anew only when that file, or Node, has changed. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, delimiter, join } from 'node:path';
import { npm } from './node.mjs';

/** @returns a note for the person, or nothing when all was there. */
export async function npmPackages(root, node) {
  const stamp = join(root, 'node_modules/.berth-lock-hash');
  const hash = createHash('sha256')
    .update(await readFile(join(root, 'package-lock.json')))
    .digest('hex');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === hash) return 'unchanged';
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  // No package needs its install script: native parts come as packages of their own.
  await npm(node, ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: root, env });
  await writeFile(stamp, hash);
  return undefined;
}
