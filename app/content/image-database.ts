/** The tables of the image index. */
import { DatabaseSync } from 'node:sqlite';

const SCHEMA = `
  CREATE TABLE images (
    manifest TEXT PRIMARY KEY, config TEXT NOT NULL,
    os TEXT NOT NULL, architecture TEXT NOT NULL, variant TEXT, created TEXT
  ) STRICT;
  CREATE TABLE layers (
    manifest TEXT NOT NULL REFERENCES images ON DELETE CASCADE, position INTEGER NOT NULL,
    digest TEXT NOT NULL, diff_id TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (manifest, position)
  ) STRICT;
  CREATE TABLE names (name TEXT PRIMARY KEY, target TEXT NOT NULL) STRICT;
  CREATE TABLE named_images (
    name TEXT NOT NULL REFERENCES names ON DELETE CASCADE, manifest TEXT NOT NULL REFERENCES images,
    PRIMARY KEY (name, manifest)
  ) STRICT;
`;
/** What was built without its digest or checksum is built again. */
const BUILT_LAYERS = `
  DROP TABLE IF EXISTS built_layers;
  CREATE TABLE built_layers (
    diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL, opaque_root INTEGER NOT NULL, content TEXT NOT NULL,
    checksum TEXT NOT NULL
  ) STRICT;
`;
/** Step n leads from version n to n + 1: layers got a digest in the second, a checksum in the third. */
const steps = [SCHEMA, BUILT_LAYERS, BUILT_LAYERS];

/** Opens the file, or makes it, in its present form. @throws what SQLite says */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('BEGIN IMMEDIATE');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    for (const step of steps.slice(version)) database.exec(step);
    if (version < steps.length) database.exec(`PRAGMA user_version = ${steps.length}`);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
