import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIdMap, isMapped } from '../../../../guest-agent/plan/id-map.ts';

const range = { start: 1_000_000, count: 65_536 };

test('a range is one line; no id of the guest but those of the range is ever let in', () => {
  assert.equal(formatIdMap(range), '0 1000000 65536\n');
});

test('ids of the container begin at its root and end with the range', () => {
  assert.deepEqual(
    [-1, 0, 65_535, 65_536, 1_000_000].map((id) => isMapped(range, id)),
    [false, true, true, false, false],
  );
});
