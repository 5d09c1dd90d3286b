/**
 * Names of images, as Docker writes them: `[REGISTRY/]PATH[:TAG][@DIGEST]`.
 * Source: the distribution project's reference grammar; OCI distribution specification, "Pulling manifests".
 */
import { EngineError } from '../base/error.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';

export const DEFAULT_REGISTRY = 'docker.io';
const hubNames = [DEFAULT_REGISTRY, 'index.docker.io'];
const DEFAULT_TAG = 'latest';
const NAME_MAX = 255;

export interface ImageReference {
  /** Host of the registry, with its port if one is given. */
  registry: string;
  /** Path of the repository in the registry. */
  repository: string;
  tag?: string;
  digest?: Digest;
}

const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const registryPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads a reference; short names are Docker Hub's, no tag and no digest mean `latest`.
 * @throws EngineError `invalid-argument` saying which part is wrong.
 */
export function parseReference(text: string): ImageReference {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw invalid(text, 'it has more than one @');
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, `${digest} is not a sha256 digest`);
  const { name, tag } = splitTag(named);
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid(text, `the tag ${JSON.stringify(tag)} is malformed`);
  const place = splitName(name);
  const wrong = mistakeIn(name, place);
  if (wrong !== undefined) throw invalid(text, wrong);
  if (digest !== undefined) return { ...place, ...(tag === undefined ? {} : { tag }), digest };
  return { ...place, tag: tag ?? DEFAULT_TAG };
}

function splitTag(named: string): { name: string; tag?: string } {
  const colon = named.lastIndexOf(':');
  if (colon <= named.lastIndexOf('/')) return { name: named };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const path = name.slice(slash + 1);
  const named = /[.:A-Z]/.test(first) || first === 'localhost';
  if (named && !hubNames.includes(first)) return { registry: first, repository: path };
  const onHub = named ? path : name;
  return { registry: DEFAULT_REGISTRY, repository: onHub.includes('/') || onHub === '' ? onHub : `library/${onHub}` };
}

function mistakeIn(
  name: string,
  { registry, repository }: { registry: string; repository: string },
): string | undefined {
  if (!registryPattern.test(registry)) return `the registry ${JSON.stringify(registry)} is malformed`;
  if (repository === '') return 'it has no name';
  if (repository !== repository.toLowerCase()) return 'a repository name must be in lower case';
  if (!repositoryPattern.test(repository)) return `the repository name ${JSON.stringify(repository)} is malformed`;
  if (/^[0-9a-f]{64}$/.test(name)) return 'a name of 64 hexadecimal digits would look like an image ID';
  if (registry.length + 1 + repository.length > NAME_MAX) return `the name is over ${NAME_MAX} characters`;
  return undefined;
}

function invalid(text: string, why: string): EngineError {
  return new EngineError('invalid-argument', `${JSON.stringify(text)} is not an image name: ${why}.`, {
    hint: 'Write it as NAME, NAME:TAG or REGISTRY/PATH/NAME:TAG, for instance busybox:latest.',
  });
}

/** The full form, which is unique: `docker.io/library/busybox:latest`. A digest makes the tag meaningless. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  const name = `${registry}/${repository}`;
  return digest === undefined ? `${name}:${tag ?? DEFAULT_TAG}` : `${name}@${digest}`;
}

/** The form that people type: `busybox:latest`. */
export function familiarReference(reference: ImageReference): string {
  const full = formatReference(reference);
  for (const prefix of [`${DEFAULT_REGISTRY}/library/`, `${DEFAULT_REGISTRY}/`])
    if (full.startsWith(prefix)) return full.slice(prefix.length);
  return full;
}
