/**
 * Builds the test images, once per machine: `.cache/test-images/SET-KEY/NAME` is an OCI layout of one image, and KEY is
 * made of all that goes into it. So a second call costs nothing, and what is there may be read but not changed.
 *
 * ```ts
 * const images = await builtImages();
 * await ok(['image', 'import', images.nginx.layout, 'nginx']);
 * ```
 *
 * With a registry that has them all: registry.ts beside this file. By hand: `node test/support/images/main.ts`.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, link, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { lock } from 'proper-lockfile';
import { addBlob, addImage, type LayerBlob } from '../oci-layout.ts';
import { layerTar } from './layer.ts';
import { closure, debianArch, fetchPackages, type Package } from './packages.ts';
import { type ImageRecipe, type LayerRecipe, testImages, type TestImageName } from './recipes.ts';

/** What tests fetch or build, once for this machine. */
export const testCache = join(import.meta.dirname, '../../../.cache/test-images');
const sources = ['recipes.ts', 'packages.ts', 'layer.ts', 'build.ts'];
const say = (text: string): boolean => process.stderr.write(`test images: ${text}\n`);

export interface BuiltImage {
  /** What the layout names it, and the registry of registry.ts: `nginx:latest`. */
  readonly reference: string;
  /** Folder of an OCI layout that holds this image alone. */
  readonly layout: string;
  readonly manifestDigest: string;
}

export async function builtImages(): Promise<Readonly<Record<TestImageName, BuiltImage>>> {
  return buildSet('tests', testImages);
}

/** The same for images of one's own; a set's earlier state goes when there is a new one. */
export async function buildSet<Name extends string>(
  set: string,
  recipes: Readonly<Record<Name, ImageRecipe>>,
): Promise<Readonly<Record<Name, BuiltImage>>> {
  const folder = join(testCache, `${set}-${await keyOf(recipes)}`);
  await cachedFolder(folder, async (part) => {
    await new SetBuild(recipes, part).build();
    for (const old of (await readdir(testCache)).filter((name) => name.startsWith(`${set}-`)))
      await rm(join(testCache, old), { recursive: true });
  });
  const names = Object.keys(recipes) as Name[];
  const found = await Promise.all(names.map((name) => readBuilt(name, join(folder, name))));
  return Object.fromEntries(names.map((name, index) => [name, found[index]])) as Record<Name, BuiltImage>;
}

async function readBuilt(name: string, layout: string): Promise<BuiltImage> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  return { reference: `${name}:latest`, layout, manifestDigest: index.manifests[0]?.digest ?? '' };
}

async function keyOf(recipes: object): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(recipes)).update(debianArch);
  for (const name of sources) hash.update(await readFile(join(import.meta.dirname, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Makes the folder, by one process at a time; it appears by rename when it is whole. */
export async function cachedFolder(folder: string, make: (part: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(testCache, { recursive: true });
  const unlock = await lock(testCache, { retries: { retries: 600, minTimeout: 500, maxTimeout: 500 } });
  const part = await mkdtemp(join(testCache, '.part-'));
  try {
    if (existsSync(folder)) return;
    // Made for its maker alone, but who builds and who tests may be two users.
    await chmod(part, 0o755);
    await make(part);
    await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
    await unlock();
  }
}

class SetBuild {
  readonly #recipes: Readonly<Record<string, ImageRecipe>>;
  readonly #folder: string;
  /** By recipe and those below; a layer is made once for all images that have it. */
  readonly #layers = new Map<string, Promise<LayerBlob>>();
  readonly #begin = Date.now();

  constructor(recipes: Readonly<Record<string, ImageRecipe>>, folder: string) {
    this.#recipes = recipes;
    this.#folder = folder;
  }

  async build(): Promise<void> {
    const images = Object.entries(this.#recipes);
    const names = images.flatMap(([, { layers }]) => layers.flatMap(({ packages }) => packages));
    say('fetching Debian packages, once for this machine');
    const debs = join(this.#folder, 'debs');
    await mkdir(debs);
    const all = await fetchPackages([...new Set(names)], debs);
    say(`${all.length} packages are here (${this.#seconds()})`);
    await Promise.all(images.map(([name, recipe]) => this.#image(name, recipe, all)));
    await rm(debs, { recursive: true });
    await rm(join(this.#folder, 'blobs'), { recursive: true });
  }

  async #image(name: string, { layers, config }: ImageRecipe, all: readonly Package[]): Promise<void> {
    const made: LayerBlob[] = [];
    for (const index of layers.keys()) made.push(await this.#layer(layers.slice(0, index + 1), all));
    const layout = join(this.#folder, name);
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
    for (const { digest } of made) {
      const path = join('blobs/sha256', digest.slice('sha256:'.length));
      // Some file systems have no hard links.
      await link(join(this.#folder, path), join(layout, path)).catch(() =>
        cp(join(this.#folder, path), join(layout, path)),
      );
    }
    addImage(layout, made, config, { reference: `${name}:latest`, architecture: debianArch });
    say(`${name}: ${megabytes(made)} in ${made.length} layers (${this.#seconds()})`);
  }

  #layer(recipes: readonly LayerRecipe[], all: readonly Package[]): Promise<LayerBlob> {
    const key = JSON.stringify(recipes);
    const making = this.#layers.get(key) ?? this.#makeLayer(recipes, all);
    this.#layers.set(key, making);
    return making;
  }

  async #makeLayer(recipes: readonly LayerRecipe[], all: readonly Package[]): Promise<LayerBlob> {
    const [recipe, ...others] = recipes.toReversed();
    if (!recipe) throw new Error('an image has no layer');
    const below = closure(
      all,
      others.flatMap(({ packages }) => packages),
    );
    const own = closure(all, recipe.packages).filter((one) => !below.includes(one));
    const tar = await layerTar(recipe, own, below);
    const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    return { mediaType, diffId, ...addBlob(this.#folder, await promisify(gzip)(tar)) };
  }

  #seconds(): string {
    return `${((Date.now() - this.#begin) / 1000).toFixed(0)} s`;
  }
}

function megabytes(layers: readonly LayerBlob[]): string {
  return `${(layers.reduce((sum, { size }) => sum + size, 0) / 1e6).toFixed(1)} MB`;
}
