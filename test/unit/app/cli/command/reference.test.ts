import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { commandReference } from '../../../../../app/cli/command/reference.ts';
import { commandTree } from '../../../../../app/cli/command/tree.ts';
import { exitCode } from '../../../../../app/cli/exit-code.ts';

const docs = join(import.meta.dirname, '../../../../../docs');

it('docs/commands.md is what the command tree says (node scripts/generate-command-docs.ts)', async () => {
  assert.equal(await readFile(join(docs, 'commands.md'), 'utf8'), await commandReference(commandTree));
});

it('docs/exit-codes.md explains every code', async () => {
  const text = await readFile(join(docs, 'exit-codes.md'), 'utf8');
  for (const code of Object.values(exitCode)) assert.match(text, new RegExp(`^\\| ${code} `, 'm'));
});
