/** The store's schema by version (`PRAGMA user_version`): step n leads from version n to n + 1, never edited afterwards. */
import type { DatabaseSync } from 'node:sqlite';
import { EngineError } from '../protocol/errors.ts';

const table = (name: string): string =>
  `CREATE TABLE ${name} (key TEXT PRIMARY KEY NOT NULL, name TEXT UNIQUE NOT NULL, data TEXT NOT NULL CHECK (json_valid(data)));`;

const steps: readonly string[] = [['containers', 'volumes', 'networks', 'layers'].map(table).join('\n')];

/** @throws EngineError `data-disk-corrupt` when a newer agent has written the store, or a check of it fails. */
export function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > steps.length)
    throw new EngineError('data-disk-corrupt', `The store has schema ${version}; this agent knows ${steps.length}.`, {
      hint: 'Use the version of Berth that made this machine, or a newer one.',
    });
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    db.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
