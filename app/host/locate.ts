import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import type { HostArch } from '../base/platform.ts';
import { GuestImage } from './resources.ts';
import type { Resources } from './resources.ts';

type Env = Readonly<Record<string, string | undefined>>;

const guestArch = { x64: 'amd64', arm64: 'arm64' } as const;

/**
 * `BERTH_RESOURCES`, else beside this file: the installed product has `resources` there, a checkout has `.cache` and
 * `dist` above it.
 */
export function locate(arch: HostArch, env: Env, own = dirname(fileURLToPath(import.meta.url))): Resources {
  const given = env['BERTH_RESOURCES'];
  const checkouts = [join(own, '..'), join(own, '../..')];
  const roots =
    given === undefined || given === ''
      ? [join(own, 'resources'), ...checkouts.flatMap((path) => [join(path, '.cache'), join(path, 'dist')])]
      : [given];
  return new Located(roots, guestArch[arch]);
}

class Located implements Resources {
  readonly #roots: readonly string[];
  readonly #arch: string;

  constructor(roots: readonly string[], arch: string) {
    this.#roots = roots;
    this.#arch = arch;
  }

  async guestImage(): Promise<GuestImage> {
    const folders = await Promise.all(this.#roots.map((root) => entries(join(root, 'images'))));
    const candidates = await Promise.all(
      folders.flat().map(async (folder) => ({ folder, made: await madeAt(join(folder, 'manifest.json')) })),
    );
    const finished = candidates.filter(({ made }) => made > 0).sort((a, b) => b.made - a.made);
    for (const { folder } of finished) {
      const image = await readImage(folder);
      if (image.arch === this.#arch) return image;
    }
    throw this.#missing(`a guest image for ${this.#arch}`, 'images');
  }

  async agentImage(): Promise<string> {
    const found = await this.#first([`agent/${this.#arch}.erofs`, `agent/${this.#arch}/agent.erofs`]);
    if (found === undefined) throw this.#missing('the guest agent', 'agent');
    return found;
  }

  busyboxLayout(): Promise<string | undefined> {
    return this.#first([`busybox/${this.#arch}`]);
  }

  virtiofsd(): Promise<string | undefined> {
    return this.#first([`virtiofsd/${this.#arch}`]);
  }

  async #first(names: readonly string[]): Promise<string | undefined> {
    for (const path of this.#roots.flatMap((root) => names.map((name) => join(root, name))))
      if ((await madeAt(path)) > 0) return path;
    return undefined;
  }

  #missing(what: string, folder: string): EngineError {
    const places = this.#roots.map((root) => join(root, folder)).join(', ');
    return new EngineError('no-such-path', `There is no ${what.replace(/^(a|the) /, '')} in ${places}.`, {
      hint: 'In a checkout run "npm start", which builds it; else install Berth again.',
    });
  }
}

async function readImage(folder: string): Promise<GuestImage> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8');
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), GuestImage), text);
  if (parsed.success) return { ...parsed.output, folder };
  throw new EngineError(
    'corrupt-content',
    `${join(folder, 'manifest.json')} is damaged: ${v.summarize(parsed.issues)}`,
    {
      hint: 'Remove the folder, so that the image is made again.',
    },
  );
}

async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return [];
    throw error;
  });
  return names.map((name) => join(folder, name));
}

/** Milliseconds since the epoch; 0 where there is nothing. */
async function madeAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
