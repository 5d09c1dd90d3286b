import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCompared, planChanges } from '../../../../guest-agent/plan/change-plan.ts';

/** What is above and below, sameness and path of each name, in the archiver's order; then the changes. */
const table: [string, string[], string[]][] = [
  ['nothing', [], []],
  ['a new file marks its folder', ['dd=/etc', 'f-!/etc/new'], ['C /etc', 'A /etc/new']],
  ['a new tree is told whole', ['d-!/new', 'd-!/new/a', 'f-!/new/a/f'], ['A /new', 'A /new/a', 'A /new/a/f']],
  ['a change deep down marks all folders', ['dd=/a', 'dd=/a/b', 'ff!/a/b/f'], ['C /a', 'C /a/b', 'C /a/b/f']],
  ['a file that was only copied up', ['dd=/etc', 'ff=/etc/passwd'], []],
  ['a folder’s own mode', ['dd!/etc'], ['C /etc']],
  ['a deletion', ['dd=/etc', 'wf!/etc/passwd'], ['C /etc', 'D /etc/passwd']],
  ['a deleted folder is one line', ['wd!/var'], ['D /var']],
  ['a whiteout of what was only the container’s', ['w-!/tmp'], []],
  [
    'an opaque folder hides',
    ['dd=/r', 'f-!/r/mine', '-f!/r/old', '-d!/r/dir'],
    ['C /r', 'D /r/dir', 'A /r/mine', 'D /r/old'],
  ],
  ['a folder in the place of a file', ['df!/x', 'f-!/x/in'], ['C /x', 'A /x/in']],
  ['a file in the place of a folder', ['fd!/x'], ['C /x']],
];

for (const [name, records, wanted] of table)
  test(name, () => {
    const compared = parseCompared(records.map((record) => `${record}\0`).join(''));
    assert.deepEqual(
      planChanges(compared).map(({ kind, path }) => `${kind} ${path}`),
      wanted,
    );
  });

test('names with line feeds and spaces are kept', () => {
  assert.deepEqual(planChanges(parseCompared('f-!/a b\nc\0')), [{ kind: 'A', path: '/a b\nc' }]);
});
