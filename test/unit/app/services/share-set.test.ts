import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { EngineError } from '../../../../app/base/error.ts';
import { ShareSet } from '../../../../app/services/share-set.ts';
import type { ShareDriver } from '../../../../app/shares/share-driver.ts';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'berth-shares-')));
test.after(() => rm(folder, { recursive: true }));
for (const name of ['one', 'two', 'refused']) await mkdir(join(folder, name));
const wanted = ['one', 'refused', 'absent', 'two'].map((name) => ({ path: join(folder, name), readOnly: false }));
const { signal } = new AbortController();

/** Serves all but `refused`; its servers end as told. */
function played() {
  const ends: ((error?: Error) => void)[] = [];
  const driver: ShareDriver = {
    kind: 'played',
    device: () => undefined,
    guestMount: ({ tag }) => ({ type: 'played', source: tag, options: '' }),
    start: ({ hostPath }) => {
      if (hostPath.endsWith('refused')) throw new EngineError('operation-failed', 'No.', { hint: 'Ask again.' });
      const { promise, resolve } = Promise.withResolvers<{ error?: Error }>();
      ends.push((error) => resolve(error === undefined ? {} : { error }));
      const stop = () => {
        resolve({});
        return Promise.resolve();
      };
      return Promise.resolve({ pid: ends.length, exited: promise, stop, warning: `Slow: ${hostPath}` });
    },
  };
  return { driver, ends };
}

test('folders that cannot be shared are left out, each with its reason', async () => {
  const set = await ShareSet.start(wanted, { driver: played().driver, missing: '' }, signal);
  const names = set.shares.map(({ tag, hostPath }) => `${tag} ${hostPath.slice(folder.length + 1)}`);
  assert.deepEqual(names, ['fs0 one', 'fs3 two']);
  assert.deepEqual(set.unshared[0], { path: join(folder, 'refused'), reason: 'No. Ask again.' });
  assert.match(set.unshared[1]?.reason ?? '', /ENOENT/);
  assert.equal(set.warnings[0], `${folder}/refused is not shared: No. Ask again.`);
  assert.deepEqual(set.warnings.slice(2), [`Slow: ${folder}/one`, `Slow: ${folder}/two`]);
});

test('without a driver nothing is shared, which is one warning, and each folder knows why', async () => {
  const set = await ShareSet.start(wanted, { driver: undefined, missing: 'virtiofsd is too old.' }, signal);
  assert.deepEqual(set.warnings, ['No folder is shared: virtiofsd is too old.']);
  assert.deepEqual([set.shares.length, set.unshared.length], [0, 4]);
  assert.equal(set.unshared[3]?.reason, 'virtiofsd is too old.');
  assert.deepEqual((await ShareSet.start([], { driver: undefined, missing: 'why' }, signal)).warnings, []);
});

test('a share whose server dies is none any more; one that ends as asked is not told', async () => {
  const { driver, ends } = played();
  const set = await ShareSet.start(wanted, { driver, missing: '' }, signal);
  const told = new Promise<string>((resolve) => set.onLost(resolve));
  ends[1]?.();
  ends[0]?.(new EngineError('operation-failed', 'It died.', { hint: 'Run "berth restart".' }));
  assert.equal(await told, `${folder}/one is not shared any more: It died. Run "berth restart".`);
  assert.deepEqual(
    set.shares.map(({ tag }) => tag),
    ['fs3'],
  );
  assert.equal(set.unshared.at(-1)?.path, join(folder, 'one'));
});
