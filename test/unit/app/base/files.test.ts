import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { readFileIfThere, writeFileAtomically } from '../../../../app/base/atomic-file.ts';
import { findProgram } from '../../../../app/base/find-program.ts';
import { hostFacts } from '../../../../app/base/platform.ts';
import { privateFolder } from '../../../../app/base/private-folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const { uid } = hostFacts();
const folder = await mkdtemp(join(tmpdir(), 'berth-files-'));
test.after(() => rm(folder, { recursive: true }));

test('a file is replaced whole, for the user alone, with nothing left beside it', async () => {
  const inner = join(folder, 'atomic');
  await mkdir(inner);
  const path = join(inner, 'file');
  await writeFileAtomically(path, 'one');
  await writeFileAtomically(path, 'two');
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(inner), ['file']);
});

test('a failed write leaves the old file and no part', async () => {
  const inner = join(folder, 'target-is-a-folder');
  await mkdir(join(inner, 'file'), { recursive: true });
  await assert.rejects(writeFileAtomically(join(inner, 'file'), 'x'), { code: 'EISDIR' });
  assert.deepEqual(await readdir(inner), ['file']);
});

test('a file that is not there reads as undefined; other failures stay errors', async () => {
  assert.equal(await readFileIfThere(join(folder, 'none')), undefined);
  await assert.rejects(readFileIfThere(folder), { code: 'EISDIR' });
});

test('a private folder is made, or closed to others when it was open', async () => {
  const path = join(folder, 'a/b');
  await privateFolder(path, uid);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  await chmod(path, 0o755);
  await privateFolder(path, uid);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
});

test("someone else's folder, and a link, are refused as a private folder", async () => {
  await assert.rejects(privateFolder(folder, uid + 1), { code: 'permission-denied' });
  await symlink(folder, join(folder, 'link'));
  await assert.rejects(privateFolder(join(folder, 'link'), uid), { code: 'permission-denied' });
});

test('a program is found in PATH first, then in the other folders, if it may be run', async () => {
  for (const [name, mode] of [
    ['one', 0o644],
    ['two', 0o755],
    ['three', 0o755],
  ] as const) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'tool'), '', { mode });
  }
  const path = `${join(folder, 'one')}::${join(folder, 'two')}`;
  assert.equal(await findProgram('tool', 'linux', path, [join(folder, 'three')]), join(folder, 'two/tool'));
  assert.equal(await findProgram('tool', 'linux', undefined, [join(folder, 'three')]), join(folder, 'three/tool'));
  assert.equal(await findProgram('none', 'linux', path), undefined);
});

test('a file that several write at once has what one of them wrote, and nothing is left beside it', async (t) => {
  const path = join(await temporaryFolder(t), 'state.json');
  const texts = Array.from({ length: 50 }, (_, number) => `text ${number}`);
  await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
  assert.ok(texts.includes(await readFile(path, 'utf8')));
  assert.deepEqual(await readdir(dirname(path)), ['state.json']);
});
