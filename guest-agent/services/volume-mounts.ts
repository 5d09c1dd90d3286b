/** Volumes that are more than a folder: what Docker's local driver mounts on the folder while containers use it. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Op } from '../plan/op.ts';
import { EngineError } from '../protocol/errors.ts';
import type { VolumeOptions } from '../protocol/volume.ts';
import { mountOp, type Mounts } from './mounts.ts';
import { Mutex } from './mutex.ts';

/** A folder of the host, which is bound from its share into each container. */
function isBind({ o = '' }: VolumeOptions): boolean {
  return o.split(',').some((word) => word === 'bind' || word === 'rbind');
}

/**
 * One of a server's. Each container mounts it for itself while it starts: a server that does not answer holds up that one
 * alone. It knows no mapped owners (FS_ALLOW_IDMAP of the kernel's linux/fs.h).
 */
export function isOfServer({ type = '' }: VolumeOptions): boolean {
  return ['nfs', 'nfs3', 'nfs4'].includes(type);
}

/** @throws EngineError `invalid-argument`, in the words of Docker's driver */
export function checkVolumeOptions(name: string, options: VolumeOptions): void {
  const unknown = Object.keys(options).find((key) => !['type', 'o', 'device', 'size'].includes(key));
  if (unknown !== undefined) throw wrong(name, `invalid option: ${JSON.stringify(unknown)}`);
  if (options['size'] !== undefined) throw wrong(name, 'quota size requested but no quota support');
  if (Object.keys(options).length === 0) return;
  for (const key of ['device', 'type'])
    if (!options[key] && !(key === 'type' && isBind(options)))
      throw wrong(name, `missing required option: ${JSON.stringify(key)}`);
}

function wrong(name: string, why: string): EngineError {
  return new EngineError('invalid-argument', `create ${name}: ${why}`, {
    hint: 'Give the options as "berth volume create --help" says.',
  });
}

/** For `catch`: the kernel's ENODEV says that it has no such file system. */
function unknownType(type: string) {
  return (error: unknown): never => {
    if (!(error instanceof EngineError) || error.data?.['errnoName'] !== 'ENODEV') throw error;
    throw new EngineError('unsupported', `This guest's kernel has no file system ${type}.`, {
      hint: 'Make the volume with another type, such as tmpfs, ext4 or nfs.',
      cause: error,
    });
  };
}

async function addressOf(name: string): Promise<string> {
  try {
    return (await lookup(name, { family: 4 })).address;
  } catch (cause) {
    throw new EngineError('unreachable', `The volume's server ${name} was not found.`, {
      hint: 'Check the name in its option addr, or give an address: berth explain dns NAME',
      cause,
    });
  }
}

export class VolumeMounts {
  readonly #mounts: Mounts;
  readonly #users = new Map<string, Set<string>>();
  readonly #mutex = new Mutex();
  readonly #ofServers = new Map<string, Op>();

  constructor(mounts: Mounts) {
    this.#mounts = mounts;
  }

  /** @throws EngineError `operation-failed` */
  hold(folder: string, options: VolumeOptions, container: string): Promise<void> {
    if (isBind(options)) return Promise.resolve();
    if (isOfServer(options)) return this.#locate(folder, options);
    return this.#mutex.run(async () => {
      const { type = '', device = '', o = '' } = options;
      const why = `a volume of type ${type}`;
      await this.#mounts.mount({ type, source: device, target: folder, options: o, why }).catch(unknownType(type));
      this.#users.set(folder, (this.#users.get(folder) ?? new Set()).add(container));
    });
  }

  /** The mount(2) call that a container makes for itself, once the volume is held. */
  ofServer(folder: string): Op | undefined {
    return this.#ofServers.get(folder);
  }

  /** The kernel knows addresses alone. @throws EngineError `unreachable` */
  async #locate(folder: string, { type = '', device = '', o = '' }: VolumeOptions): Promise<void> {
    const words = o.split(',').map(async (word) => {
      const name = /^addr=(.+)$/.exec(word)?.[1];
      return name === undefined || isIP(name) !== 0 ? word : `addr=${await addressOf(name)}`;
    });
    const why = `a volume of type ${type}`;
    const options = (await Promise.all(words)).join(',');
    this.#ofServers.set(folder, mountOp({ type, source: device, target: folder, options, why }));
  }

  /** The last one unmounts it. What an earlier agent had mounted stays until the volume goes. */
  letGo(folder: string, container: string): Promise<void> {
    return this.#mutex.run(async () => {
      const users = this.#users.get(folder);
      if (users === undefined) return;
      users.delete(container);
      if (users.size > 0) return;
      this.#users.delete(folder);
      await this.#mounts.unmount(folder);
    });
  }
}
