/** Mounts that the agent makes in the guest: layers, shares, what several containers share. */
import { mkdirSync, readFileSync } from 'node:fs';
import type { Op } from '../plan/op.ts';
import type { Effects } from '../effects/effects.ts';

/** MS_* of linux/mount.h, by mount(8)'s words. */
const flagWords: Readonly<Record<string, bigint>> = {
  ro: 1n,
  nosuid: 2n,
  nodev: 4n,
  noexec: 8n,
  sync: 16n,
  noatime: 1024n,
  nodiratime: 2048n,
  relatime: 1n << 21n,
};

export interface MountRequest {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  /** As in fstab(5): words for flags, the rest for the file system. */
  readonly options: string;
  readonly why: string;
}

/** The mount(2) call of a request. */
export function mountOp(request: MountRequest): Op {
  const words = request.options.split(',').filter((word) => word !== '' && word !== 'rw' && word !== 'defaults');
  const flags = words.reduce((sum, word) => sum | (flagWords[word] ?? 0n), 0n);
  const data = words.filter((word) => flagWords[word] === undefined).join(',');
  const { source, target, type, why } = request;
  return { op: 'mount', source, target, type, flags, data, why };
}

export class Mounts {
  readonly #effects: Effects;
  readonly #mounted: Set<string>;

  /** `table`: /proc/self/mounts as it is at the agent's start; what an earlier agent has mounted is still there. */
  constructor(effects: Effects, table = '') {
    this.#effects = effects;
    this.#mounted = new Set(table.split('\n').flatMap((line) => unescaped(line.split(' ')[1])));
  }

  static fromGuest(effects: Effects, proc: string): Mounts {
    return new Mounts(effects, readFileSync(`${proc}/self/mounts`, 'utf8'));
  }

  has(target: string): boolean {
    return this.#mounted.has(target);
  }

  /** Nothing happens when something is mounted at the target already. */
  async mount(request: MountRequest): Promise<void> {
    if (this.#mounted.has(request.target)) return;
    mkdirSync(request.target, { recursive: true });
    await this.#effects.apply([mountOp(request)]);
    this.#mounted.add(request.target);
  }

  mountLayer(file: string, target: string): Promise<void> {
    const why = 'an image layer, read-only, shared by all containers that have it';
    return this.mount({ type: 'erofs', source: file, target, options: 'ro,nodev,noatime', why });
  }

  async unmount(target: string): Promise<void> {
    if (!this.#mounted.delete(target)) return;
    await this.#effects.unmount(target);
  }

  /** Targets beneath a folder. */
  beneath(folder: string): string[] {
    return [...this.#mounted].filter((target) => target.startsWith(`${folder}/`));
  }
}

/** Space, tab, line feed and backslash stand as octal in /proc/self/mounts (proc(5)). */
function unescaped(path: string | undefined): string[] {
  if (path === undefined || path === '') return [];
  return [path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
}
