/** All containers, found by id, unique prefix, or name; and who uses which layer and volume. */
import { EngineError } from '../protocol/errors.ts';
import { Container } from './container.ts';
import { checkName, madeUpName } from './names.ts';
import type { Exited } from './container-state.ts';
import type { ContainerRecord } from './records.ts';

/** For those who wait for an end, and lose the connection meanwhile. */
const rememberedEnds = 256;

export class ContainerRegistry {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();
  readonly #ends = new Map<string, Exited>();

  add(record: ContainerRecord): Container {
    const container = new Container(record);
    this.#byId.set(record.id, container);
    this.#byName.set(record.name, container);
    return container;
  }

  delete(container: Container): void {
    const { state } = container.record;
    if (state.status === 'exited') this.#ends.set(container.id, state);
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size > rememberedEnds) this.#ends.delete(oldest);
    this.#byId.delete(container.id);
    this.#byName.delete(container.name);
  }

  rename(container: Container, name: string): void {
    this.#byName.delete(container.name);
    container.record.name = name;
    this.#byName.set(name, container);
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }

  /** How one ended that is gone, by its full id; undefined when that was long ago. */
  endOf(id: string): Exited | undefined {
    return this.#ends.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  find(reference: string): Container | undefined {
    const exact = this.#byId.get(reference) ?? this.#byName.get(reference);
    const [only, second] = exact === undefined ? this.#byPrefix(reference) : [exact];
    return second === undefined ? only : undefined;
  }

  /** @throws EngineError `no-such-container`, also for a prefix that fits several. */
  get(reference: string): Container {
    const container = this.find(reference);
    if (container !== undefined) return container;
    const found = this.#byPrefix(reference);
    const message =
      found.length === 0
        ? `There is no container ${JSON.stringify(reference.slice(0, 80))}.`
        : `${found.length} containers have an id that begins with ${reference}.`;
    throw new EngineError('no-such-container', message, { hint: 'List all with: berth ps -a' });
  }

  /**
   * The name to use: as asked, or made up when that is empty.
   * @throws EngineError `invalid-argument`, `name-in-use`
   */
  freeName(wanted: string): string {
    const name = wanted.replace(/^\//, '');
    if (name === '') return madeUpName((candidate) => this.#byName.has(candidate));
    checkName('The container', name);
    const holder = this.#byName.get(name);
    if (holder === undefined) return name;
    throw new EngineError('name-in-use', `The name ${name} belongs to container ${holder.id.slice(0, 12)}.`, {
      hint: 'Remove or rename that one, or choose another name.',
      data: { id: holder.id },
    });
  }

  /** Labels, name and image, for events; none of one that is gone. */
  factsOf(id: string): Record<string, string> {
    const record = this.#byId.get(id)?.record;
    if (record === undefined) return {};
    const { name, spec } = record;
    return { ...spec.labels, image: spec.image.reference, name };
  }

  usersOfLayer(diffId: string): string[] {
    return this.#users(({ record }) => record.spec.image.layers.includes(diffId));
  }

  usersOfVolume(name: string): string[] {
    return this.#users(({ record }) => Object.values(record.volumes).includes(name));
  }

  #byPrefix(reference: string): Container[] {
    return /^[0-9a-f]+$/.test(reference) ? this.all().filter(({ id }) => id.startsWith(reference)) : [];
  }

  #users(test: (container: Container) => boolean): string[] {
    return this.all()
      .filter(test)
      .map(({ id }) => id);
  }
}
