import { NAME_MAX } from '../erofs/format.ts';
import { TarFormatError } from '../tar/entry.ts';

const PATH_MAX = 4096;

/**
 * Splits an entry's path into components, relative to the layer's root: leading `/` and `./` mean nothing, `a/../b` is
 * `b`. Purely lexical: no link is ever followed.
 * @throws TarFormatError if the path leaves the root, or has a name that Linux can't hold.
 */
export function layerPath(path: string, entry = path): string[] {
  if (path.length > PATH_MAX) throw new TarFormatError(`a path has ${path.length} bytes, over ${PATH_MAX}`, entry);
  const components: string[] = [];
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue;
    if (component === '..') {
      if (components.pop() === undefined) throw new TarFormatError('a path leads out of the layer', entry);
      continue;
    }
    if (component.length > NAME_MAX)
      throw new TarFormatError(`a name has ${component.length} bytes, over ${NAME_MAX}`, entry);
    components.push(component);
  }
  return components;
}
