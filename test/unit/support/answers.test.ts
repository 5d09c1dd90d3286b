/** The comparison that other tests judge by sees what differs, wherever it stands. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences } from '../../support/answers.ts';

const places = (ours: unknown, theirs: unknown) => {
  const answer = (body: unknown) => ({ status: 200, type: 'application/json', body });
  return [...differences(answer(ours), answer(theirs)).keys()];
};

describe('places where two answers differ', () => {
  for (const [what, ours, theirs, found] of [
    ['nothing', { A: 1, B: ['x'] }, { A: 1, B: ['x'] }, []],
    ['a number', { Memory: 1 }, { Memory: 2 }, ['.Memory']],
    ['a number that is measured', { memory_stats: { usage: 1 } }, { memory_stats: { usage: 2 } }, []],
    ['the second of a list', [1, 2], [1, 3], ['[]']],
    ['a list that is longer', ['a'], ['a', 'b'], ['[]']],
    [
      'one of a name, in another order',
      [{ Name: 'a' }, { Name: 'b', X: 1 }],
      [{ Name: 'b', X: 2 }, { Name: 'a' }],
      ['[].X'],
    ],
    ['one that the other has not', [{ Name: 'a' }], [{ Name: 'a' }, { Name: 'b' }], ['[b]']],
    ['rows of containers', [{ Names: ['/a'], State: 'x' }], [{ Names: ['/a'], State: 'y' }], ['[].State']],
    [
      'a port of the other family',
      [{ PrivatePort: 1, IP: '::' }],
      [{ PrivatePort: 1, IP: '0.0.0.0' }],
      ['[1/ of IPv6]', '[1/]'],
    ],
    ['a key of a map', { Labels: { a: '1' } }, { Labels: { b: '1' } }, ['.Labels.a', '.Labels.b']],
    ['a value of a map', { Labels: { a: '1' } }, { Labels: { a: '2' } }, ['.Labels.*']],
    ['a state', { State: { Status: 'running' } }, { State: { Status: 'exited' } }, ['.State.Status']],
    ['a status in words', { Status: 'Up 2 seconds' }, { Status: 'Exited (0) 2 seconds ago' }, ['.Status']],
    ['the time in a status', { Status: 'Up 2 seconds' }, { Status: 'Up Less than a second' }, []],
    ['an id', { Id: 'a', Image: 'a'.repeat(64) }, { Id: 'b', Image: 'b'.repeat(64) }, []],
    ['an empty list and none', { A: [], B: {} }, { A: null, B: null }, []],
    ['a field', { A: 1 }, { A: 1, B: 2 }, ['.B']],
  ] as const)
    it(what, () => assert.deepEqual(places(ours, theirs).toSorted(), [...found].toSorted()));
});
