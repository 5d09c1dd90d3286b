import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { headerPath, opsHeader } from '../../../../scripts/generate-ops.ts';

test('the launcher’s header is the op table’s', () => {
  assert.equal(readFileSync(headerPath, 'utf8'), opsHeader(), 'run `node scripts/generate-ops.ts`');
});
