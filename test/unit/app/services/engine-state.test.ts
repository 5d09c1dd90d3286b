import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../../../app/base/error.ts';
import type { EngineState } from '../../../../app/contract/index.ts';
import {
  isDown,
  nextEngineState,
  stageFailure,
  stopped,
  whyNotRunning,
} from '../../../../app/services/engine-state.ts';
import type { EngineEvent } from '../../../../app/services/engine-state.ts';

const facts = {
  ...{
    accelerator: 'tcg',
    pid: 1,
    bootMs: 5,
    startedAt: '',
    kernel: '6.12',
    agentVersion: '1',
    warnings: [] as string[],
  },
};
const starting: EngineState = { status: 'starting', stage: 'vm', detail: 'd', sinceMs: 1 };
const running: EngineState = { status: 'running', agentLost: false, ...facts };
const warned: EngineState = { ...running, suspended: 'w', warnings: ['v', 'w'] };
const stopping: EngineState = { status: 'stopping' };
const failed: EngineState = { status: 'failed', stage: 'vm', code: 'vm-crashed', message: 'm', hint: 'h' };
const error = new EngineError('boot-failed', 'broken', { hint: 'mend it' });

const events: Record<string, EngineEvent> = {
  start: { type: 'start', atMs: 7 },
  stage: { type: 'stage', stage: 'agent', detail: 'waiting', atMs: 8 },
  ready: { type: 'ready', facts },
  lost: { type: 'agent', lost: true },
  warning: { type: 'warning', text: 'w' },
  suspended: { type: 'suspended', text: 's' },
  over: { type: 'suspended', text: undefined },
  stop: { type: 'stop' },
  stopped: { type: 'stopped' },
  failed: { type: 'failed', stage: 'vm', error },
};

const begun = { status: 'starting', stage: 'image', detail: 'looking at the machine', sinceMs: 7 };
const broken = { status: 'failed', stage: 'vm', code: 'boot-failed', message: 'broken', hint: 'mend it' };

/** State → event → what comes; an event that is not listed changes nothing. */
const table: [string, EngineState, Record<string, unknown>][] = [
  ['stopped', stopped, { start: begun }],
  ['failed', failed, { start: begun }],
  [
    'starting',
    starting,
    {
      stage: { status: 'starting', stage: 'agent', detail: 'waiting', sinceMs: 8 },
      ready: running,
      stop: stopping,
      stopped,
      failed: broken,
    },
  ],
  [
    'running',
    running,
    {
      lost: { ...running, agentLost: true },
      warning: { ...running, warnings: ['w'] },
      suspended: { ...running, suspended: 's', warnings: ['s'] },
      stop: stopping,
      stopped,
      failed: broken,
    },
  ],
  [
    'warned',
    warned,
    {
      lost: { ...warned, agentLost: true },
      warning: { ...warned, warnings: ['v', 'w', 'w'] },
      suspended: { ...warned, suspended: 's', warnings: ['v', 's'] },
      over: { ...running, warnings: ['v'] },
      stop: stopping,
      stopped,
      failed: broken,
    },
  ],
  ['stopping', stopping, { stopped, failed: broken }],
];

for (const [name, state, changes] of table)
  for (const [event, value] of Object.entries(events))
    test(`${name} + ${event} ${event in changes ? 'changes' : 'stays'}`, () => {
      const next = nextEngineState(state, value);
      if (event in changes) assert.deepEqual(next, changes[event]);
      else assert.equal(next, state);
    });

test('only stopped and failed are down', () => {
  assert.deepEqual([stopped, failed, starting, running, stopping].map(isDown), [true, true, false, false, false]);
});

test('a stage names what failed and gives a next step, whatever was thrown', () => {
  const plain = stageFailure('agent', new Error('no answer'));
  assert.equal(plain.code, 'boot-failed');
  assert.match(plain.message, /guest agent failed: no answer/);
  assert.ok((plain.hint ?? '').length > 0);
  const own = stageFailure('vm', new EngineError('no-hypervisor', 'none here', { hint: 'install QEMU' }));
  assert.deepEqual(
    [own.code, own.message, own.hint, own.data],
    ['no-hypervisor', 'none here', 'install QEMU', { stage: 'vm' }],
  );
});

test('a call while nothing runs tells how to start this machine, and the last failure', () => {
  assert.match(whyNotRunning('default', stopped).hint ?? '', /"berth start"/);
  assert.match(whyNotRunning('work', stopped).hint ?? '', /--machine work/);
  assert.match(whyNotRunning('default', failed).message, /not running: m/);
});
