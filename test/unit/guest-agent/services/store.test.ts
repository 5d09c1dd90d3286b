import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { EngineError } from '../../../../guest-agent/protocol/errors.ts';
import type { ContainerRecord } from '../../../../guest-agent/services/records.ts';
import { Store } from '../../../../guest-agent/services/store.ts';
import { containerSpec } from '../../../support/container-spec.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-store-'));
  path = join(folder, 'agent.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function record(id: string, name: string): ContainerRecord {
  return {
    ...{ id, name, createdAt: '1', spec: containerSpec(), state: { status: 'created' }, restartCount: 0 },
    ...{ endpoints: [], published: [], idRangeStart: undefined, warnings: [], volumes: {}, bootId: '' },
  };
}

describe('the store', () => {
  test('gives back what was saved, in the order of its making', () => {
    const store = new Store(path);
    store.saveContainer(record('b', 'one'), { durable: true });
    store.saveContainer(record('a', 'two'));
    store.saveContainer({ ...record('b', 'three'), restartCount: 4 });
    store.saveVolume({ name: 'v', createdAt: '2', labels: { a: 'b' }, anonymous: false, filled: true });
    store.close();
    const again = new Store(path);
    assert.deepEqual(
      again.containers().map(({ id, name, restartCount }) => [id, name, restartCount]),
      [
        ['b', 'three', 4],
        ['a', 'two', 0],
      ],
    );
    again.remove('containers', 'b', { durable: true });
    assert.deepEqual(again.containers(), [JSON.parse(JSON.stringify(record('a', 'two')))]);
    assert.equal(again.volumes()[0]?.labels.a, 'b');
    again.close();
  });

  test('a transaction is all or nothing', () => {
    const store = new Store(path);
    assert.throws(() =>
      store.transaction(() => {
        store.saveContainer(record('a', 'one'));
        store.saveContainer(record('b', 'one'));
      }),
    );
    assert.deepEqual(store.containers(), []);
    store.saveContainer(record('a', 'one'));
    store.close();
  });

  test('what waits goes with the next change, or with the end; the last word counts, and its name is free', () => {
    const store = new Store(path);
    const going = record('a', 'one');
    store.saveContainer(going);
    store.saveLater('a', going);
    store.saveLater('a', undefined);
    assert.deepEqual(
      store.containers().map(({ id }) => id),
      ['a'],
    );
    store.saveContainer(record('b', 'one'));
    assert.deepEqual(
      store.containers().map(({ id }) => id),
      ['b'],
    );
    store.saveLater('b', { ...record('b', 'one'), restartCount: 7 });
    store.close();
    const again = new Store(path);
    assert.equal(again.containers()[0]?.restartCount, 7);
    again.close();
  });

  test('what waits is still there after a change that failed', () => {
    const store = new Store(path);
    store.saveContainer(record('a', 'one'));
    store.saveLater('a', undefined);
    assert.throws(() =>
      store.transaction(() => {
        throw new Error('no');
      }),
    );
    assert.equal(store.containers().length, 1);
    store.saveVolume({ name: 'v', createdAt: '1', labels: {}, anonymous: false, filled: true });
    assert.equal(store.containers().length, 0);
    store.close();
  });

  test('another schema or no database is told, not overwritten', () => {
    new DatabaseSync(path).exec('PRAGMA user_version = 99');
    const refused = (error: unknown): boolean => error instanceof EngineError && error.code === 'data-disk-corrupt';
    assert.throws(() => new Store(path), refused);
    writeFileSync(path, 'not a database at all, but long enough to be read as one'.repeat(40));
    assert.throws(() => new Store(path), refused);
  });

  const mayMount = existsSync('/proc/mounts') && process.getuid?.() === 0;
  test('a full disk is told, but not for what is only noted; what was there stays', { skip: !mayMount }, () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', small]);
    try {
      const store = new Store(join(small, 'agent.db'));
      store.saveContainer(record('a', 'one'));
      const fill = (): void => {
        for (let i = 0; ; i += 1)
          store.saveVolume({
            name: `v${i}`,
            createdAt: '1',
            labels: { pad: 'x'.repeat(20_000) },
            anonymous: false,
            filled: false,
          });
      };
      assert.throws(fill, (error: unknown) => error instanceof EngineError && error.code === 'disk-full');
      store.noteContainer({ ...record('a', 'one'), warnings: ['x'.repeat(200_000)] });
      assert.deepEqual(store.containers(), [JSON.parse(JSON.stringify(record('a', 'one')))]);
      store.close();
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  });

  test('killed amid its writes it opens, and has all that it said to have', async () => {
    // Not by process.stdout, which keeps what a slow reader has no room for until the loop, which has no end, lets it go.
    const script = `
      import { writeSync } from 'node:fs';
      import { Store } from ${JSON.stringify(join(import.meta.dirname, '../../../../guest-agent/services/store.ts'))};
      const store = new Store(${JSON.stringify(path)});
      const last = Number(process.argv[1]);
      for (let i = last; ; i += 1) {
        store.saveVolume({ name: 'v' + i, createdAt: '1', labels: { n: String(i), pad: 'x'.repeat(5000) }, anonymous: false, filled: false });
        if (i > last + 3) store.remove('volumes', 'v' + (i - 3));
        writeSync(1, i + '\\n');
      }`;
    let told = 0;
    for (let round = 0; round < 6; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, String(told + 1)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const stopAt = told + 20 + round * 17;
      for await (const line of createInterface(child.stdout)) {
        told = Math.max(told, Number(line));
        if (told >= stopAt && !child.killed) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const store = new Store(path);
      const names = store.volumes().map(({ name }) => name);
      assert.ok(names.includes(`v${told}`), `v${told} is in ${names.join(' ')}`);
      store.close();
    }
  });
});
