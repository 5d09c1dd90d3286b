/** Paths inside a container. */
import { EngineError } from '../protocol/errors.ts';

/** Absolute, without `.`, empty components or a final slash; `invalid-argument` when it is relative or has `..`. */
export function cleanPath(path: string, what: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!path.startsWith('/') || parts.includes('..') || path.includes('\0'))
    throw new EngineError('invalid-argument', `${what}: "${path}" is not an absolute path without ".."`, {
      hint: 'Give the full path in the container, such as /data.',
    });
  return `/${parts.join('/')}`;
}

/** Number of components. */
export function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

export function isBeneath(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** The folders between `from` and the path's own name, outermost first. */
export function parents(path: string, from: string): string[] {
  const parts = path.slice(from.length).split('/').filter(Boolean).slice(0, -1);
  return parts.map((_, index) => `${from}/${parts.slice(0, index + 1).join('/')}`);
}
