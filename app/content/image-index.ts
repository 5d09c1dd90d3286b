import type { DatabaseSync } from 'node:sqlite';
import { asError } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Digest } from './digest.ts';
import { diskFull, isFull } from './disk-full.ts';
import { openDatabase } from './image-database.ts';
import type { Platform } from './oci.ts';
import { Reserve } from './reserve.ts';

export interface LayerRecord {
  /** Of the blob, compressed as it was published. */
  digest: Digest;
  /** Of the unpacked archive. */
  diffId: Digest;
  mediaType: string;
  /** Bytes of the blob. */
  size: number;
}

/** An image of one platform. */
export interface ImageRecord {
  manifestDigest: Digest;
  configDigest: Digest;
  platform: Platform;
  /** RFC 3339, as its maker says. */
  created: string | undefined;
  /** Bottom first. */
  layers: LayerRecord[];
  /** Full references that name it, sorted. */
  references: string[];
}

export type NewImage = Omit<ImageRecord, 'references'>;

/** One platform less of what a name stands for. */
export interface Leaving {
  readonly name: string;
  readonly manifest: Digest;
}

export function blobsOf({ manifestDigest, configDigest, layers }: NewImage): Digest[] {
  return [manifestDigest, configDigest, ...layers.map(({ digest }) => digest)];
}

export interface BuiltLayerRecord {
  size: number;
  opaqueRoot: boolean;
  /** Of the EROFS image itself. */
  contentDigest: Digest;
  /** Of the same: XXH64, 16 hexadecimal digits. */
  checksum: string;
}

/**
 * The records of a content store in SQLite: which images there are, what they are made of and what they are called.
 * Every method is one transaction.
 */
export class ImageIndex {
  readonly #database: DatabaseSync;
  readonly #reserve: Reserve;

  /** Opens the file, or makes it. @throws EngineError `corrupt-content` */
  constructor(path: string) {
    this.#reserve = new Reserve(`${path}.reserve`);
    try {
      this.#database = this.#reserve.spend(() => openDatabase(path));
    } catch (cause) {
      throw new EngineError('corrupt-content', `The image index ${path} can't be opened: ${asError(cause).message}.`, {
        cause,
        hint: 'Where the disk is not full, move the file away and get the images again.',
      });
    }
    this.#reserve.fill();
  }

  close(): void {
    this.#database.close();
  }

  /** Records images, and what a name now means: `target` is the digest that was asked for, an index's perhaps. */
  add(images: readonly NewImage[], name?: { reference: string; target: Digest }): void {
    this.#transaction(() => {
      for (const image of images) this.#addImage(image);
      if (!name) return;
      this.#run('DELETE FROM names WHERE name = ?', name.reference);
      this.#run('INSERT INTO names VALUES (?, ?)', name.reference, name.target);
      for (const { manifestDigest } of images)
        this.#run('INSERT OR IGNORE INTO named_images VALUES (?, ?)', name.reference, manifestDigest);
    });
  }

  /** Makes `to` mean what `from` means. */
  copyName(from: string, to: string): void {
    if (from === to) return;
    this.#transaction(() => {
      this.#run('DELETE FROM names WHERE name = ?', to);
      this.#run('INSERT INTO names SELECT ?, target FROM names WHERE name = ?', to, from);
      this.#run('INSERT INTO named_images SELECT ?, manifest FROM named_images WHERE name = ?', to, from);
    });
  }

  /** The images that a full reference names. */
  named(reference: string): ImageRecord[] {
    return this.#all('SELECT manifest FROM named_images WHERE name = ? ORDER BY manifest', reference).map((row) =>
      this.#image(text(row, 'manifest') as Digest),
    );
  }

  /** Names of an index or an image by its digest. */
  namesOfTarget(target: Digest): string[] {
    return this.#all('SELECT name FROM names WHERE target = ? ORDER BY name', target).map((row) => text(row, 'name'));
  }

  /** Names of all images that have this blob. */
  namesOf(blob: Digest): string[] {
    return this.#all(
      'SELECT name FROM named_images JOIN layers USING (manifest) WHERE digest = ?1 ' +
        'UNION SELECT name FROM named_images JOIN images USING (manifest) WHERE config = ?1',
      blob,
    ).map((row) => text(row, 'name'));
  }

  /** Images whose configuration or manifest digest starts with these hexadecimal digits. */
  byId(prefix: string): ImageRecord[] {
    const pattern = `sha256:${prefix}%`;
    return this.#all(
      'SELECT manifest FROM images WHERE config LIKE ?1 OR manifest LIKE ?1 ORDER BY manifest',
      pattern,
    ).map((row) => this.#image(text(row, 'manifest') as Digest));
  }

  list(): ImageRecord[] {
    return this.#all('SELECT manifest FROM images ORDER BY created DESC, manifest').map((row) =>
      this.#image(text(row, 'manifest') as Digest),
    );
  }

  /** @throws EngineError `no-such-image` */
  get(manifest: Digest): ImageRecord {
    if (this.#all('SELECT 1 FROM images WHERE manifest = ?', manifest).length > 0) return this.#image(manifest);
    throw new EngineError('no-such-image', `There is no image ${manifest} here.`, { hint: 'See "berth images".' });
  }

  /** The digests that were asked for by these names. */
  targets(names: readonly string[]): Digest[] {
    return names.flatMap((name) =>
      this.#all('SELECT target FROM names WHERE name = ?', name).map((row) => text(row, 'target') as Digest),
    );
  }

  /**
   * Takes names away, and platforms from the names that leave them; forgets those of the images that no name holds then,
   * and returns these.
   */
  remove(names: readonly string[], manifests: readonly Digest[], leaving: readonly Leaving[] = []): Digest[] {
    const unnamed = 'DELETE FROM images WHERE manifest = ? AND manifest NOT IN (SELECT manifest FROM named_images)';
    const removed: Digest[] = [];
    this.#reserve.spend(() => {
      removed.length = 0;
      this.#transaction(() => {
        for (const name of names) this.#run('DELETE FROM names WHERE name = ?', name);
        for (const { name, manifest } of leaving)
          this.#run('DELETE FROM named_images WHERE name = ? AND manifest = ?', name, manifest);
        for (const manifest of manifests)
          if (Number(this.#database.prepare(unnamed).run(manifest).changes) > 0) removed.push(manifest);
      });
    });
    return removed;
  }

  /** True for a blob that a record mentions. */
  mentions(blob: Digest): boolean {
    const found = this.#all(
      'SELECT 1 FROM images WHERE manifest = ?1 OR config = ?1 UNION ALL SELECT 1 FROM layers WHERE digest = ?1 ' +
        'UNION ALL SELECT 1 FROM names WHERE target = ?1 LIMIT 1',
      blob,
    );
    return found.length > 0;
  }

  emptyNames(): { reference: string; target: Digest }[] {
    return this.#all('SELECT * FROM names WHERE name NOT IN (SELECT name FROM named_images)').map((row) => ({
      ...{ reference: text(row, 'name'), target: text(row, 'target') as Digest },
    }));
  }

  mentionsLayer(diffId: Digest): boolean {
    return this.#all('SELECT 1 FROM layers WHERE diff_id = ? LIMIT 1', diffId).length > 0;
  }

  diffIds(): Set<string> {
    return new Set(this.#all('SELECT DISTINCT diff_id FROM layers').map((row) => text(row, 'diff_id')));
  }

  builtLayer(diffId: Digest): BuiltLayerRecord | undefined {
    const [row] = this.#all('SELECT * FROM built_layers WHERE diff_id = ?', diffId);
    return row && builtLayer(row);
  }

  unpackedBytes(diffIds: readonly Digest[]): number {
    return [...new Set(diffIds)].reduce((sum, diffId) => sum + (this.builtLayer(diffId)?.size ?? 0), 0);
  }

  builtLayers(): Map<Digest, BuiltLayerRecord> {
    const rows = this.#all('SELECT * FROM built_layers ORDER BY diff_id');
    return new Map(rows.map((row) => [text(row, 'diff_id') as Digest, builtLayer(row)]));
  }

  addBuiltLayer(diffId: Digest, { size, opaqueRoot, contentDigest, checksum }: BuiltLayerRecord): void {
    const values = [diffId, size, opaqueRoot ? 1 : 0, contentDigest, checksum];
    this.#transaction(() => this.#run('INSERT OR REPLACE INTO built_layers VALUES (?, ?, ?, ?, ?)', ...values));
  }

  removeBuiltLayer(diffId: Digest): void {
    this.#reserve.spend(() => this.#transaction(() => this.#run('DELETE FROM built_layers WHERE diff_id = ?', diffId)));
  }

  /** The disk has room again. */
  refill(): void {
    this.#reserve.fill();
  }

  #addImage({ manifestDigest, configDigest, platform, created, layers }: NewImage): void {
    const known = this.#all('SELECT 1 FROM images WHERE manifest = ?', manifestDigest);
    if (known.length > 0) return;
    const { os, architecture, variant } = platform;
    const values = [manifestDigest, configDigest, os, architecture, variant ?? null, created ?? null];
    this.#run('INSERT INTO images VALUES (?, ?, ?, ?, ?, ?)', ...values);
    layers.forEach(({ digest, diffId, mediaType, size }, position) => {
      const row = [manifestDigest, position, digest, diffId, mediaType, size];
      this.#run('INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?)', ...row);
    });
  }

  #image(manifest: Digest): ImageRecord {
    const [image = {}] = this.#all('SELECT * FROM images WHERE manifest = ?', manifest);
    const layers = this.#all('SELECT * FROM layers WHERE manifest = ? ORDER BY position', manifest);
    const names = this.#all('SELECT name FROM named_images WHERE manifest = ? ORDER BY name', manifest);
    const { variant, created } = image;
    return {
      manifestDigest: manifest,
      configDigest: text(image, 'config') as Digest,
      platform: {
        os: text(image, 'os'),
        architecture: text(image, 'architecture'),
        variant: typeof variant === 'string' ? variant : undefined,
      },
      created: typeof created === 'string' ? created : undefined,
      layers: layers.map((row) => ({
        digest: text(row, 'digest') as Digest,
        diffId: text(row, 'diff_id') as Digest,
        mediaType: text(row, 'media_type'),
        size: Number(row['size']),
      })),
      references: names.map((row) => text(row, 'name')),
    };
  }

  /** @throws EngineError `disk-full` */
  #transaction(work: () => void): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite may have rolled back by itself, as it does when the disk is full.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw isFull(error) ? diskFull('the change of the image index was not saved', error) : error;
    }
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }
}

type Row = Record<string, unknown>;

function builtLayer(row: Row): BuiltLayerRecord {
  const { size, opaque_root: opaqueRoot } = row;
  return {
    size: Number(size),
    opaqueRoot: opaqueRoot === 1,
    contentDigest: text(row, 'content') as Digest,
    checksum: text(row, 'checksum'),
  };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new EngineError('corrupt-content', `The image index has no text in ${column}.`);
  return value;
}
