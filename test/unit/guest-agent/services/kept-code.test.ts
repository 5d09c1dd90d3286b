import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const keptCode = new URL('../../../../guest-agent/services/kept-code.ts', import.meta.url).href;

async function keep(program: string, env: Record<string, string>): Promise<void> {
  await writeFile(
    program,
    `import { keepCode } from ${JSON.stringify(keptCode)};\nkeepCode();\nprocess.kill(process.pid, 9);`,
  );
  await promisify(execFile)(process.execPath, [program], { env: { ...process.env, ...env } }).catch(() => undefined);
}

test('code is on the disk before the agent ends; that of other agents and other Nodes is not', async (t) => {
  const folder = await temporaryFolder(t);
  const code = join(folder, 'code');
  await mkdir(join(code, 'v1-of-another-node'), { recursive: true });
  await keep(join(folder, 'agent.mjs'), { NODE_COMPILE_CACHE: code });
  const [node = '', ...more] = await readdir(code);
  assert.deepEqual(more, [], 'the other Node’s folder is gone');
  const first = await readdir(join(code, node));
  assert.equal(first.length, 1);
  await utimes(join(code, node, first[0] ?? ''), 1, 1);
  await keep(join(folder, 'newer-agent.mjs'), { NODE_COMPILE_CACHE: code });
  const second = await readdir(join(code, node));
  assert.equal(second.length, 1);
  assert.notDeepEqual(second, first);
});

test('where no code is kept nothing is done', async (t) => {
  const folder = await temporaryFolder(t);
  await keep(join(folder, 'agent.mjs'), { NODE_COMPILE_CACHE: '', NODE_DISABLE_COMPILE_CACHE: '1' });
  assert.deepEqual(await readdir(folder), ['agent.mjs']);
});
