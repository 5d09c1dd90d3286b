/** Paths of containers, looked at from outside. */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const linkLimit = 40;

/**
 * The path below `root` that `path` names to a process whose root it is: symbolic links are followed inside, `..` does not
 * lead out (path_resolution(7)). Undefined when a part is missing or links go in circles.
 */
export function resolveBeneath(root: string, path: string): string | undefined {
  const todo = path.split('/').reverse();
  const done: string[] = [];
  for (let links = 0; todo.length > 0;) {
    const part = todo.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const stats = lstatSync(here, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (!stats.isSymbolicLink()) {
      done.push(part);
      continue;
    }
    if ((links += 1) > linkLimit) return undefined;
    const target = readlinkSync(here);
    if (target.startsWith('/')) done.length = 0;
    todo.push(...target.split('/').reverse());
  }
  return join(root, ...done);
}
