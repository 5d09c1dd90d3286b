import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clock,
  elapsed,
  longTime,
  shortClock,
  startTime,
  ttyName,
} from '../../../../guest-agent/services/process-words.ts';

test('times of processes are written as ps writes them', () => {
  assert.deepEqual([clock(3_725.9), shortClock(3_725.9)], ['01:02:05', '62:05']);
  assert.deepEqual([5, 65, 3_605, 90_061].map(elapsed), ['00:05', '01:05', '01:00:05', '1-01:01:01']);
  const now = new Date('2026-11-24T03:00:00Z');
  const starts = ['2026-11-24T00:00:01Z', '2026-11-23T23:59:59Z', '2025-11-24T00:00:01Z'];
  assert.deepEqual(
    starts.map((at) => startTime(new Date(at), now)),
    ['00:00', 'Nov23', '2025'],
  );
  assert.equal(longTime(new Date('2026-11-04T03:04:05Z')), 'Wed Nov  4 03:04:05 2026');
});

test('terminals have the names that ps has for them', () => {
  assert.deepEqual([0, 34_816, 34_821, 1_025].map(ttyName), ['?', 'pts/0', 'pts/5', '4:1']);
});
