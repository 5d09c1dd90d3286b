/**
 * The agent's memory on the data disk: SQLite in WAL mode, one transaction per change. What must survive a power loss
 * (`durable`) is synced before the answer; the rest may lose its last moments, never its consistency
 * (sqlite.org/pragma.html#pragma_synchronous).
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { diskFullHint, EngineError } from '../protocol/errors.ts';
import { WalSync } from './wal-sync.ts';
import { migrate } from './store-schema.ts';
import type { ContainerRecord, LayerRecord, NetworkRecord, VolumeRecord } from './records.ts';

type Table = 'containers' | 'volumes' | 'networks' | 'layers';

type Saved = ContainerRecord | VolumeRecord | NetworkRecord | LayerRecord;

interface Row {
  readonly data: string;
}

/** How long a change of {@link Store.saveLater} waits for another to go with, in milliseconds. */
const laterMs = 250;

export class Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #wal: WalSync;
  /** By id; undefined: to be removed. */
  readonly #later = new Map<string, ContainerRecord | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #depth = 0;

  /** @throws EngineError `data-disk-corrupt` when the file is no usable database. */
  constructor(path: string) {
    this.#wal = new WalSync(`${path}-wal`);
    try {
      this.#db = new DatabaseSync(path);
      this.#db.exec(
        // Nobody else opens it: neither locks at each change nor shared memory are needed (sqlite.org/wal.html, 8).
        'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000',
      );
      migrate(this.#db);
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw new EngineError('data-disk-corrupt', `The store ${path} cannot be opened: ${reason(cause)}.`, {
        hint: 'Give the machine up with "berth machine rm"; images on the host are not lost.',
        cause,
      });
    }
  }

  /** All or nothing. Nested calls join the outer one. With `durable` the change is on the disk when this returns. */
  transaction<T>(work: () => T, options: { durable?: boolean } = {}): T {
    if (this.#depth > 0) return work();
    if (options.durable === true) this.#db.exec('PRAGMA synchronous=FULL');
    this.#depth = 1;
    try {
      this.#run('BEGIN IMMEDIATE');
      this.#writeLater();
      const result = work();
      this.#run('COMMIT');
      this.#later.clear();
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#run('ROLLBACK');
      throw isFull(error) ? diskFull(error) : error;
    } finally {
      this.#depth = 0;
      if (options.durable === true) this.#db.exec('PRAGMA synchronous=NORMAL');
    }
  }

  containers(): ContainerRecord[] {
    return this.#all('containers') as ContainerRecord[];
  }

  volumes(): VolumeRecord[] {
    return this.#all('volumes') as VolumeRecord[];
  }

  networks(): NetworkRecord[] {
    return this.#all('networks') as NetworkRecord[];
  }

  layers(): LayerRecord[] {
    return this.#all('layers') as LayerRecord[];
  }

  /** One that is kept gets onto the disk soon by itself, so that not even its state is long in danger. */
  saveContainer(record: ContainerRecord, options: { durable?: boolean } = {}): void {
    this.#put('containers', record.id, { record, options });
    if (options.durable !== true && !record.spec.autoRemove) void this.#wal.sync();
  }

  /**
   * For what the disk tells in another way, too (an exit record, the monitor's answer): a full disk is no error here, the
   * next agent finds it out again.
   */
  noteContainer(record: ContainerRecord): void {
    try {
      this.saveContainer(record);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'disk-full')) throw error;
    }
  }

  /**
   * For a container that goes by itself, when the next agent would find it out by itself: written with the next change of
   * anything, or soon. `undefined` removes it.
   */
  saveLater(id: string, record: ContainerRecord | undefined): void {
    // What was never written need not be; the last word is the only one that counts.
    this.#later.set(id, record);
    this.#timer ??= setTimeout(() => this.#flush(), laterMs).unref();
  }

  /** Resolves when all that was saved before is on the disk. */
  synced(): Promise<void> {
    return this.#wal.sync();
  }

  saveVolume(record: VolumeRecord): void {
    this.#put('volumes', record.name, { record, options: { durable: true } });
  }

  saveNetwork(record: NetworkRecord): void {
    this.#put('networks', record.id, { record, options: { durable: true } });
  }

  saveLayer(record: LayerRecord): void {
    this.#put('layers', record.diffId, { record, options: { durable: true } });
  }

  remove(table: Table, key: string, options: { durable?: boolean } = {}): void {
    this.transaction(() => this.#write(table, key, undefined), options);
  }

  close(): void {
    this.#flush();
    this.#statements.clear();
    this.#db.close();
  }

  /** Names of those that go are free for those that stay. */
  #writeLater(): void {
    for (const [id, record] of this.#later) if (record === undefined) this.#write('containers', id, record);
    for (const [id, record] of this.#later) if (record !== undefined) this.#write('containers', id, record);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#later.size === 0) return;
    try {
      this.transaction(() => undefined);
    } catch (error) {
      // It goes with a later change, when there is room again.
      if (!(error instanceof EngineError && error.code === 'disk-full')) throw error;
    }
  }

  #put(table: Table, key: string, row: { record: Saved; options: { durable?: boolean } }): void {
    this.transaction(() => this.#write(table, key, row.record), row.options);
  }

  #write(table: Table, key: string, record: Saved | undefined): void {
    if (record === undefined) {
      this.#run(`DELETE FROM ${table} WHERE key = ?`, key);
      return;
    }
    this.#run(
      `INSERT INTO ${table} (key, name, data) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET name = excluded.name, data = excluded.data`,
      key,
      'name' in record ? record.name : key,
      JSON.stringify(record),
    );
  }

  #all(table: Table): unknown[] {
    const rows = this.#prepare(`SELECT data FROM ${table} ORDER BY rowid`).all() as unknown as Row[];
    return rows.map((row) => JSON.parse(row.data) as unknown);
  }

  #run(sql: string, ...values: string[]): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 13;
}

function diskFull(cause: unknown): EngineError {
  return new EngineError('disk-full', 'The guest’s data disk is full: the change was not saved.', {
    hint: diskFullHint,
    cause,
  });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
