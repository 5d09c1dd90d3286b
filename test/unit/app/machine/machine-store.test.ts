import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { checkMachineName } from '../../../../app/machine/machine-name.ts';
import { defaultSettings } from '../../../../app/machine/machine-spec.ts';
import { MachineStore } from '../../../../app/machine/machine-store.ts';

const defaults = defaultSettings({ cpus: 2, memoryMiB: 8192 });
const data = await mkdtemp(join(tmpdir(), 'berth-store-'));
test.after(() => rm(data, { recursive: true }));

test('no machine is there at first; opening one makes it with the defaults', async () => {
  const store = new MachineStore(join(data, 'fresh'));
  assert.deepEqual(await store.list(), []);
  assert.deepEqual(await store.open('default', defaults), defaults);
  assert.deepEqual(await store.list(), ['default']);
});

test('only what was changed is kept, so that defaults may follow the host', async () => {
  const store = new MachineStore(join(data, 'change'));
  await store.change('b', { cpus: 1 });
  await store.change('b', { shares: [{ path: '/home/me', readOnly: true }] });
  const other = { ...defaults, memoryBytes: 1, cpus: 9 };
  const shares = [{ path: '/home/me', readOnly: true }];
  assert.deepEqual(await new MachineStore(join(data, 'change')).open('b', other), { ...other, cpus: 1, shares });
  assert.equal((await stat(store.folder('b').settingsFile)).mode & 0o777, 0o600);
});

test('machines are listed in order; folders without settings, and locks, are none', async () => {
  const store = new MachineStore(join(data, 'list'));
  for (const name of ['b', 'a']) await store.change(name, {});
  for (const name of ['empty', 'a.lock']) await mkdir(join(data, 'list/machines', name));
  assert.deepEqual(await store.list(), ['a', 'b']);
});

test('a machine is removed with its disk; one that is not there is an error', async () => {
  const store = new MachineStore(join(data, 'remove'));
  await store.change('a', {});
  await writeFile(store.folder('a').dataDisk, 'x');
  await store.remove('a');
  assert.deepEqual(await store.list(), []);
  await assert.rejects(store.remove('a'), { code: 'no-such-machine' });
});

for (const text of ['', '{', '{"version":2,"settings":{}}', '{"version":1,"settings":{"cpus":"two"}}'])
  test(`damaged settings (${text}) are an error that names the file, and stay untouched`, async () => {
    const store = new MachineStore(join(data, 'damaged'));
    const { settingsFile, path } = store.folder('a');
    await mkdir(path, { recursive: true });
    await writeFile(settingsFile, text);
    await assert.rejects(store.open('a', defaults), (error: unknown) => {
      assert.ok(error instanceof Error && error.message.includes(settingsFile));
      return true;
    });
    assert.equal(await readFile(settingsFile, 'utf8'), text);
  });

for (const name of ['default', 'a', '0-9_x', 'x'.repeat(24)])
  test(`${name} may name a machine`, () => assert.equal(checkMachineName(name), name));

for (const name of ['', 'A', '-a', '.', '..', 'a/b', 'a\\b', 'a b', 'x'.repeat(25), 'con', 'lpt1', 'ä', 'a\n'])
  test(`${JSON.stringify(name)} may not name a machine`, () => {
    assert.throws(() => checkMachineName(name), { code: 'invalid-argument' });
  });
