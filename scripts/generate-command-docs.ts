/** Writes docs/commands.md from the command tree. A test tells when it is due. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandReference } from '../app/cli/command/reference.ts';
import { commandTree } from '../app/cli/command/tree.ts';

const docs = join(import.meta.dirname, '../docs');
await mkdir(docs, { recursive: true });
await writeFile(join(docs, 'commands.md'), await commandReference(commandTree));
