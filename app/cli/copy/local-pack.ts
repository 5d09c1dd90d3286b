/** Files of the host as an archive for a container. Links are packed as links. */
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack, type Header, type Pack } from 'tar-stream';
import { EngineError } from '../../base/error.ts';

export interface PackOptions {
  /** Follow a link at the path itself. */
  readonly followLink: boolean;
  /** Owners as they are here; else all is the container's root's. */
  readonly owners: boolean;
}

type Entry = Pick<Header, 'name' | 'mtime' | 'mode' | 'uid' | 'gid'>;

/** @param name what the path is called in the archive. The archive fails with what reading fails with. */
export function packLocal(path: string, name: string, options: PackOptions): Pack {
  const archive = pack();
  const packer = new Packer(archive, options.owners);
  const read = options.followLink ? stat(path) : lstat(path);
  read
    .then((stats) => packer.add(path, name, stats))
    .then(() => archive.finalize())
    .catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))));
  return archive;
}

class Packer {
  readonly #archive: Pack;
  readonly #owners: boolean;
  /** Names of files that have several. */
  readonly #names = new Map<string, string>();

  constructor(archive: Pack, owners: boolean) {
    this.#archive = archive;
    this.#owners = owners;
  }

  async add(path: string, name: string, stats: Stats): Promise<void> {
    if (name.includes('\ufffd'))
      throw new EngineError('unsupported', `The name of ${path} is not UTF-8.`, {
        hint: 'Rename it, or send it with: tar c FOLDER | berth cp - CONTAINER:PATH',
      });
    const entry = { name, mtime: stats.mtime, mode: stats.mode & 0o7777, ...this.#owner(stats) };
    if (stats.isFile()) await this.#addFile(path, entry, stats);
    else if (stats.isDirectory()) await this.#addFolder(path, entry);
    else if (stats.isSymbolicLink()) this.#archive.entry({ ...entry, type: 'symlink', linkname: await readlink(path) });
    else if (stats.isFIFO()) this.#archive.entry({ ...entry, type: 'fifo' });
    else if (stats.isCharacterDevice() || stats.isBlockDevice())
      throw new EngineError('unsupported', `${path} is a device: it cannot be copied.`, {
        hint: 'Leave it out, or use --device.',
      });
  }

  #owner({ uid, gid }: Stats): { uid: number; gid: number } {
    return this.#owners ? { uid, gid } : { uid: 0, gid: 0 };
  }

  async #addFolder(path: string, entry: Entry): Promise<void> {
    this.#archive.entry({ ...entry, type: 'directory' });
    for (const name of (await readdir(path)).sort()) {
      const below = join(path, name);
      await this.add(below, `${entry.name}/${name}`, await lstat(below));
    }
  }

  async #addFile(path: string, entry: Entry, { dev, ino, nlink, size }: Stats): Promise<void> {
    const key = `${dev}:${ino}`;
    const linkname = nlink > 1 ? this.#names.get(key) : undefined;
    if (linkname !== undefined) {
      this.#archive.entry({ ...entry, type: 'link', linkname });
      return;
    }
    if (nlink > 1) this.#names.set(key, entry.name);
    if (size === 0) {
      this.#archive.entry({ ...entry, type: 'file' }, '');
      return;
    }
    const sink = this.#archive.entry({ ...entry, size, type: 'file' });
    try {
      await pipeline(createReadStream(path, { end: size - 1 }), sink);
    } catch (cause) {
      if (!(cause instanceof Error && cause.message === 'Size mismatch')) throw cause;
      throw new EngineError('operation-failed', `${path} became shorter while it was copied.`, {
        cause,
        hint: 'Try again.',
      });
    }
  }
}
