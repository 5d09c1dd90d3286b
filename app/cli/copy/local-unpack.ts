/**
 * An archive from a container to files of the host. The archive is not trusted: nothing is written outside the folder, and
 * no link that is there or comes in it is followed. A file has its name only when it is complete.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lchown, link, lstat, mkdir, open, rename, rm, symlink, utimes } from 'node:fs/promises';
import { sep } from 'node:path';
import type { Header } from 'tar-stream';
import { isErrno } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';
import { renamed, type CopyPlan } from './copy-plan.ts';

export interface UnpackOptions {
  /** Owners and set-id bits as in the container, as far as the user may. */
  readonly archive: boolean;
  /** Told of what cannot be made here. */
  readonly onSkipped: (name: string) => void;
}

/** A member's bytes. */
export interface MemberData extends AsyncIterable<Uint8Array> {
  resume(): unknown;
}

/** Bytes: names of containers need not be UTF-8. */
type Path = Buffer;

export class LocalUnpacker {
  readonly #plan: CopyPlan;
  readonly #options: UnpackOptions;
  readonly #folders = new Set<string>();
  /** Their modes and times are set at the end: what is put into them needs the one and changes the other. */
  readonly #made: { path: Path; header: Header }[] = [];

  constructor(plan: CopyPlan, options: UnpackOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** @throws EngineError `invalid-argument`, `disk-full`; system errors */
  async add(header: Header, data: MemberData): Promise<void> {
    const name = renamed(bytesOf(header, 'path').toString('latin1'), namesOf(this.#plan));
    if (name === undefined) throw hostile(header.name);
    const parts = partsOf(name, header.name);
    const path = await this.#pathOf(parts, header.name);
    if (header.type === 'directory') await this.#addFolder(path, header, parts);
    else await this.#addOther(path, header, data);
    data.resume();
  }

  async finish(): Promise<void> {
    for (const { path, header } of this.#made.reverse()) await this.#dress(path, header);
  }

  async #addFolder(path: Path, header: Header, parts: readonly string[]): Promise<void> {
    const there = await kindOf(path);
    if (there === 'other') throw inTheWay(path, 'no folder, and cannot be overwritten by one');
    if (there === 'nothing') await mkdir(path, 0o700);
    this.#folders.add(parts.join('/'));
    if (parts.length > 0) this.#made.push({ path, header });
  }

  async #addOther(path: Path, header: Header, data: MemberData): Promise<void> {
    if ((await kindOf(path)) === 'folder') throw inTheWay(path, 'a folder, and cannot be overwritten by what is none');
    const part = Buffer.concat([
      path.subarray(0, path.lastIndexOf(sep) + 1),
      Buffer.from(`.berth-${randomBytes(8).toString('hex')}`),
    ]);
    try {
      if (await this.#make(part, header, data)) await rename(part, path);
      else this.#options.onSkipped(path.toString());
    } catch (error) {
      throw isErrno(error, 'ENOSPC') ? diskFull(path, error) : error;
    } finally {
      // Where both names are one file's, rename(2) does nothing.
      await rm(part, { force: true });
    }
  }

  /** False for what this cannot make. */
  async #make(part: Path, header: Header, data: MemberData): Promise<boolean> {
    if (header.type === 'symlink') await symlink(bytesOf(header, 'linkpath'), part);
    else if (header.type === 'link') await link(await this.#linkTarget(header), part);
    else if (header.type === 'file') {
      await using file = await open(part, 'wx', 0o600);
      await file.writeFile(data);
      await this.#dress(part, header);
    } else return false;
    return true;
  }

  async #linkTarget(header: Header): Promise<Path> {
    const target = renamed(bytesOf(header, 'linkpath').toString('latin1'), namesOf(this.#plan));
    if (target === undefined) throw hostile(header.name);
    return this.#pathOf(partsOf(target, header.name), header.name);
  }

  async #dress(path: Path, { mode, uid, gid, mtime }: Header): Promise<void> {
    const { archive } = this.#options;
    if (archive)
      await lchown(path, uid, gid).catch((error: unknown) => {
        if (!isErrno(error, 'EPERM')) throw error;
      });
    await chmod(path, mode & (archive ? 0o7777 : 0o777));
    await utimes(path, mtime, mtime);
  }

  /** Every folder on the way is a real one. */
  async #pathOf(parts: readonly string[], name: string): Promise<Path> {
    for (let depth = 1; depth < parts.length; depth += 1) {
      const key = parts.slice(0, depth).join('/');
      if (this.#folders.has(key)) continue;
      const folder = this.#join(parts.slice(0, depth));
      const there = await kindOf(folder);
      if (there === 'other') throw hostile(name);
      if (there === 'nothing') await mkdir(folder);
      this.#folders.add(key);
    }
    return this.#join(parts);
  }

  #join(parts: readonly string[]): Path {
    const below = parts.map((part) => Buffer.from(sep + part, 'latin1'));
    return Buffer.concat([Buffer.from(this.#plan.into.replace(/[/\\]$/, '')), ...below]);
  }
}

/** tar-stream was told to take names for bytes; PAX records it takes for UTF-8 all the same. */
function bytesOf({ name, linkname, pax }: Header, key: 'path' | 'linkpath'): Buffer {
  const short = Buffer.from(key === 'path' ? name : linkname, 'latin1');
  const long = (pax as Partial<Record<string, string>> | null | undefined)?.[key];
  return long === undefined ? short : Buffer.from(long);
}

function namesOf({ from, to }: CopyPlan): { from: string; to: string } {
  return { from: Buffer.from(from).toString('latin1'), to: Buffer.from(to).toString('latin1') };
}

function partsOf(name: string, shown: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || (sep === '\\' && parts.some((part) => /[\\:]/.test(part)))) throw hostile(shown);
  return parts;
}

async function kindOf(path: Path): Promise<'folder' | 'other' | 'nothing'> {
  try {
    return (await lstat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 'nothing';
    throw error;
  }
}

function hostile(name: string): EngineError {
  return new EngineError(
    'invalid-argument',
    `The container's ${name} leads through a link or out of the folder: it is not copied.`,
    {
      hint: 'Copy into an empty folder.',
    },
  );
}

function inTheWay(path: Path, what: string): EngineError {
  return new EngineError('invalid-argument', `${path.toString()} is ${what}.`, {
    hint: 'Remove it, or copy elsewhere.',
  });
}

function diskFull(path: Path, cause: unknown): EngineError {
  return new EngineError('disk-full', `The disk is full: ${path.toString()} could not be written.`, {
    cause,
    hint: 'Free some space and try again.',
  });
}
