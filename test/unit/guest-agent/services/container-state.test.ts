import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerState } from '../../../../guest-agent/protocol/container.ts';
import { EngineError } from '../../../../guest-agent/protocol/errors.ts';
import * as life from '../../../../guest-agent/services/container-state.ts';

const states: Record<ContainerState['status'], ContainerState> = {
  created: { status: 'created' },
  running: { status: 'running', pid: 7, startedAt: '5' },
  paused: { status: 'paused', pid: 7, startedAt: '5' },
  exited: { status: 'exited', exitCode: 3, oomKilled: false, startedAt: '5', finishedAt: '9' },
};

function removable(state: ContainerState, force: boolean): undefined {
  life.requireRemovable('c', state, force);
}

type Outcome = ContainerState['status'] | 'ok' | 'refused';

const table: [
  string,
  (state: ContainerState) => ContainerState | undefined,
  Record<ContainerState['status'], Outcome>,
][] = [
  [
    'start',
    (s) => life.started('c', s, { pid: 9, startedAt: '11' }),
    { created: 'running', running: 'refused', paused: 'refused', exited: 'running' },
  ],
  [
    'pause',
    (s) => life.paused('c', s),
    { created: 'refused', running: 'paused', paused: 'refused', exited: 'refused' },
  ],
  [
    'unpause',
    (s) => life.unpaused('c', s),
    { created: 'refused', running: 'refused', paused: 'running', exited: 'refused' },
  ],
  [
    'kill',
    (s) => void life.requireActive('c', s),
    { created: 'refused', running: 'ok', paused: 'ok', exited: 'refused' },
  ],
  [
    'exec',
    (s) => void life.requireRunning('c', s),
    { created: 'refused', running: 'ok', paused: 'refused', exited: 'refused' },
  ],
  ['remove', (s) => removable(s, false), { created: 'ok', running: 'refused', paused: 'refused', exited: 'ok' }],
  ['force remove', (s) => removable(s, true), { created: 'ok', running: 'ok', paused: 'ok', exited: 'ok' }],
];

describe('container states', () => {
  for (const [action, step, outcomes] of table)
    for (const [status, outcome] of Object.entries(outcomes) as [ContainerState['status'], Outcome][])
      test(`${action} when ${status}: ${outcome}`, () => {
        const before = structuredClone(states[status]);
        if (outcome === 'refused') {
          assert.throws(
            () => step(states[status]),
            (error: unknown) =>
              error instanceof EngineError &&
              error.code === 'wrong-state' &&
              error.message.includes(`is ${status}`) &&
              error.hint !== undefined,
          );
        } else assert.equal(step(states[status])?.status ?? 'ok', outcome);
        assert.deepEqual(states[status], before, 'the state given is not changed');
      });

  test('an exit keeps when the process began, a failed start has its message', () => {
    const ending = { exitCode: 137, oomKilled: true, finishedAt: '20' };
    const running = life.requireActive('c', states.running);
    assert.deepEqual(life.exited(running, ending), { status: 'exited', startedAt: '5', ...ending });
    const failed = life.startFailed(states.created, { exitCode: 127, error: 'no such command', at: '4' });
    assert.deepEqual(failed, {
      status: 'exited',
      exitCode: 127,
      oomKilled: false,
      startedAt: '0',
      finishedAt: '4',
      error: 'no such command',
    });
  });
});
