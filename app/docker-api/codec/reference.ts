/** References of images as users write them. */
import { repositoryOf } from './image.ts';

/** With `:latest` where neither tag nor digest is given. */
export function withTag(reference: string): string {
  if (reference.includes('@') || /^(sha256:)?[0-9a-f]{64}$/.test(reference)) return reference;
  return reference.includes(':', reference.lastIndexOf('/') + 1) ? reference : `${reference}:latest`;
}

/** `reference` filters: a glob of name or name and tag, without a slash in `*`. */
export function referenceFits(reference: string, pattern: string): boolean {
  const glob = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '[^/]*')
      .replace(/\?/g, '[^/]')}$`,
  );
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return glob.test(reference) || (colon > 0 && glob.test(reference.slice(0, colon)));
}

/** `NAME` with the tag or digest of a request's `tag`, which goes before a tag that the name has; its digest is kept. */
export function joinTag(name: string, tag: string): string {
  if (tag === '') return withTag(name);
  const [, digest] = name.split('@');
  if (tag.includes(':')) return `${repositoryOf(name)}@${tag}`;
  return digest === undefined ? `${repositoryOf(name)}:${tag}` : `${repositoryOf(name)}@${digest}`;
}

/** Neither tag nor digest is given. */
export function isNameOnly(name: string): boolean {
  return !name.includes('@') && repositoryOf(name) === name;
}

/** Behind the last colon that follows the last slash; empty for a digest. */
export function tagOf(reference: string): string {
  const name = withTag(reference);
  return name.includes('@') ? '' : name.slice(name.lastIndexOf(':') + 1);
}
