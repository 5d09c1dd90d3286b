/** Volumes: folders on the data disk at `volumes/<name>/_data`, with their records. */
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import type { Op } from '../plan/op.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import { EngineError } from '../protocol/errors.ts';
import type { VolumeInfo, VolumeOptions } from '../protocol/volume.ts';
import { nowNano } from './clock.ts';
import type { Events } from './events.ts';
import { folderBytes } from './folder-size.ts';
import type { Mounts } from './mounts.ts';
import { Mutex } from './mutex.ts';
import { checkName, newId } from './names.ts';
import { checkVolumeOptions, isOfServer, VolumeMounts } from './volume-mounts.ts';
import { volumeData, volumeDir, volumesDir, type Paths } from './paths.ts';
import { resolveBeneath } from './resolve-beneath.ts';
import { volumeMounts, type ContainerRecord, type VolumeRecord } from './records.ts';
import type { Store } from './store.ts';
import type { Trash } from './trash.ts';

export interface VolumesDependencies {
  readonly paths: Paths;
  readonly store: Store;
  readonly trash: Trash;
  readonly mounts: Mounts;
  readonly events: Events;
  /** Ids of the containers, running or not, that refer to the volume. */
  readonly usersOf: (name: string) => string[];
}

export class Volumes {
  readonly #deps: VolumesDependencies;
  readonly #records = new Map<string, VolumeRecord>();
  readonly #mounts: VolumeMounts;
  readonly #filling = new Map<string, Mutex>();

  constructor(deps: VolumesDependencies) {
    this.#deps = deps;
    this.#mounts = new VolumeMounts(deps.mounts);
  }

  /** A folder without a record was being removed, or never told anybody: it goes. A lost folder is made again, empty. */
  recover(): void {
    const { paths, store, trash } = this.#deps;
    mkdirSync(volumesDir(paths), { recursive: true });
    for (const record of store.volumes()) {
      this.#records.set(record.name, record);
      mkdirSync(volumeData(paths, record.name), { recursive: true });
    }
    for (const name of readdirSync(volumesDir(paths)))
      if (!this.#records.has(name)) trash.discard(volumeDir(paths, name));
  }

  /** The existing one when the name is taken; an empty name gets a made-up one. @throws EngineError `invalid-argument` */
  create(
    name: string,
    { labels = {}, options = {} }: { labels?: Record<string, string>; options?: VolumeOptions | undefined } = {},
    anonymous = name === '',
  ): VolumeRecord {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    if (name !== '') checkName('The volume', name);
    checkVolumeOptions(name, options);
    const record: VolumeRecord = {
      ...{ name: name || newId(), createdAt: nowNano(), labels, anonymous, filled: isOfServer(options) },
      ...(Object.keys(options).length > 0 && { options }),
    };
    const data = volumeData(this.#deps.paths, record.name);
    mkdirSync(data, { recursive: true });
    // Whatever the agent's umask is.
    chmodSync(data, 0o755);
    this.#deps.store.saveVolume(record);
    this.#records.set(record.name, record);
    this.#deps.events.emit('volume', record.name, 'create', { driver: 'local' });
    return record;
  }

  /** Makes what the specification's volume mounts need; answers the volume of each target. */
  createFor(spec: ContainerSpec): Record<string, string> {
    const volumes: Record<string, string> = {};
    for (const mount of spec.mounts) if (mount.type === 'volume') volumes[mount.target] = this.create(mount.name).name;
    return volumes;
  }

  list(): VolumeInfo[] {
    return [...this.#records.values()].map((record) => this.#info(record));
  }

  inspect(name: string): VolumeInfo {
    return this.#info(this.#get(name));
  }

  /** Bytes. @throws EngineError `no-such-volume` */
  async size(name: string): Promise<number> {
    return folderBytes(volumeData(this.#deps.paths, this.#get(name).name));
  }

  /** @throws EngineError `in-use`, `no-such-volume` (not with `force`) */
  remove(name: string, force: boolean): void {
    if (force && !this.#records.has(name)) return;
    const record = this.#get(name);
    const users = this.#deps.usersOf(name);
    if (users.length > 0)
      throw new EngineError('in-use', `Volume ${name} is used by ${users.map((id) => id.slice(0, 12)).join(', ')}.`, {
        hint: 'Remove those containers first.',
        data: { containers: users },
      });
    this.#drop(record);
  }

  /** The anonymous volumes among them that no other container uses. */
  removeAnonymous(names: Iterable<string>): void {
    for (const name of names) {
      const record = this.#records.get(name);
      if (record?.anonymous === true && this.#deps.usersOf(name).length === 0) this.#drop(record);
    }
  }

  /** Runs `fill` once in the volume's life, while it is still empty; others who need the volume wait. */
  async fillOnce(name: string, fill: (data: string) => Promise<void>): Promise<void> {
    const record = this.#get(name);
    if (record.filled) return;
    await this.#mutexOf(name).run(async () => {
      if (record.filled) return;
      const data = volumeData(this.#deps.paths, name);
      if (readdirSync(data).length === 0) await fill(data);
      record.filled = true;
      this.#deps.store.saveVolume(record);
      this.#filling.delete(name);
    });
  }

  /** As {@link fillOnce} for a folder of the volume that is there and empty, whoever used it before. */
  async fillPart(name: string, subpath: string, fill: (data: string) => Promise<void>): Promise<void> {
    const part = resolveBeneath(volumeData(this.#deps.paths, name), subpath);
    if (part === undefined || !statSync(part).isDirectory()) return;
    await this.#mutexOf(name).run(async () => {
      if (readdirSync(part).length === 0) await fill(part);
    });
  }

  #mutexOf(name: string): Mutex {
    const mutex = this.#filling.get(name) ?? new Mutex();
    this.#filling.set(name, mutex);
    return mutex;
  }

  /** Before a start: what the container's volumes are is mounted; what the answer does ends that. */
  async hold(container: ContainerRecord): Promise<() => void> {
    const held = volumeMounts(container).flatMap(({ volume }) => {
      const { options } = this.#get(volume);
      return options === undefined ? [] : [{ folder: volumeData(this.#deps.paths, volume), options }];
    });
    for (const { folder, options } of held) await this.#mounts.hold(folder, options, container.id);
    for (const { mount, volume } of volumeMounts(container)) {
      const folder = volumeData(this.#deps.paths, volume);
      if (mount.subpath === undefined || mount.from !== undefined) continue;
      if (resolveBeneath(folder, mount.subpath) === undefined)
        throw new EngineError(
          'no-such-path',
          `cannot access path ${folder}/${mount.subpath}: no such file or directory`,
          {
            hint: `Make it in the volume ${volume} first.`,
          },
        );
    }
    return () => {
      for (const { folder } of held) this.#mounts.letGo(folder, container.id).catch(() => undefined);
    };
  }

  /** What a container has to mount on the volume's folder for itself. */
  mountOf(name: string): Op | undefined {
    return this.#mounts.ofServer(volumeData(this.#deps.paths, name));
  }

  /** Those of a container that starts or has ended. */
  tellUse(container: ContainerRecord, action: 'mount' | 'unmount'): void {
    for (const { mount, volume } of volumeMounts(container)) {
      const where = { destination: mount.target, propagation: '', 'read/write': String(!mount.readOnly) };
      const how = action === 'mount' ? where : {};
      this.#deps.events.emit('volume', volume, action, { container: container.id, driver: 'local', ...how });
    }
  }

  #drop(record: VolumeRecord): void {
    this.#deps.store.remove('volumes', record.name, { durable: true });
    this.#records.delete(record.name);
    const folder = volumeData(this.#deps.paths, record.name);
    // What is mounted there is nobody's to remove.
    const unmounted = this.#deps.mounts.has(folder) ? this.#deps.mounts.unmount(folder) : undefined;
    const discard = (): void => this.#deps.trash.discard(volumeDir(this.#deps.paths, record.name));
    if (unmounted === undefined) discard();
    else void unmounted.then(discard, () => undefined);
    this.#deps.events.emit('volume', record.name, 'destroy', { driver: 'local' });
  }

  #get(name: string): VolumeRecord {
    const record = this.#records.get(name);
    if (record !== undefined) return record;
    throw new EngineError('no-such-volume', `There is no volume ${name}.`, { hint: 'List them with: berth volume ls' });
  }

  #info(record: VolumeRecord): VolumeInfo {
    const { name, createdAt, labels, options, anonymous } = record;
    const mountpoint = volumeData(this.#deps.paths, name);
    const more = options === undefined ? {} : { options };
    return { name, createdAt, labels, ...more, anonymous, mountpoint, containers: this.#deps.usersOf(name) };
  }
}
