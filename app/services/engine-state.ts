/**
 * What is known of a machine's engine, and how each event changes it. Pure. An event that has no meaning in a state
 * (the word of an agent after the stop) leaves the state as it is: the same object is returned.
 */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { EngineState, engineStages } from '../contract/machine.ts';

export type EngineStage = (typeof engineStages)[number];
export type RunningState = Extract<EngineState, { status: 'running' }>;

export type EngineEvent =
  | { readonly type: 'start'; readonly atMs: number }
  | { readonly type: 'stage'; readonly stage: EngineStage; readonly detail: string; readonly atMs: number }
  | { readonly type: 'ready'; readonly facts: Omit<RunningState, 'status' | 'agentLost'> }
  | { readonly type: 'agent'; readonly lost: boolean }
  | { readonly type: 'warning'; readonly text: string }
  /** The guest stands still; absent: it goes on. */
  | { readonly type: 'suspended'; readonly text: string | undefined }
  | { readonly type: 'stop' }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly stage: string; readonly error: EngineError };

export const stopped: EngineState = { status: 'stopped' };

type Rules = {
  [T in EngineEvent['type']]: (state: EngineState, event: Extract<EngineEvent, { type: T }>) => EngineState;
};

const rules: Rules = {
  start: (state, { atMs }) => (isDown(state) ? starting('image', 'looking at the machine', atMs) : state),
  stage: (state, { stage, detail, atMs }) => (state.status === 'starting' ? starting(stage, detail, atMs) : state),
  ready: (state, { facts }) =>
    state.status === 'starting' ? { status: 'running', agentLost: false, ...facts } : state,
  agent: (state, { lost }) =>
    whileRunning(state, (now) => (now.agentLost === lost ? now : { ...now, agentLost: lost })),
  warning: (state, { text }) => whileRunning(state, (now) => ({ ...now, warnings: [...now.warnings, text] })),
  suspended: (state, { text }) =>
    whileRunning(state, (now) => {
      const { suspended, ...others } = now;
      if (text === suspended) return now;
      const warnings = now.warnings.filter((warning) => warning !== suspended);
      return text === undefined ? { ...others, warnings } : { ...now, suspended: text, warnings: [...warnings, text] };
    }),
  stop: (state) => (isDown(state) || state.status === 'stopping' ? state : { status: 'stopping' }),
  stopped: (state) => (isDown(state) ? state : stopped),
  failed: (state, { stage, error }) => (isDown(state) ? state : failed(stage, error)),
};

export function nextEngineState(state: EngineState, event: EngineEvent): EngineState {
  const rule = rules[event.type] as (state: EngineState, event: EngineEvent) => EngineState;
  return rule(state, event);
}

/** Nothing of the machine runs. */
export function isDown(state: EngineState): boolean {
  return state.status === 'stopped' || state.status === 'failed';
}

/** The error of a call that needs the engine. */
export function whyNotRunning(machine: string, state: EngineState): EngineError {
  const start = machine === 'default' ? 'berth start' : `berth start --machine ${machine}`;
  if (state.status === 'failed')
    return new EngineError('engine-stopped', `The machine ${machine} is not running: ${state.message}`, {
      hint: state.hint === '' ? `Start it again with "${start}".` : state.hint,
    });
  return new EngineError('engine-stopped', `The machine ${machine} is not running.`, {
    hint: `Start it with "${start}".`,
  });
}

/** Gives every failure of a stage a code, the stage's name and a next step. */
export function stageFailure(stage: EngineStage, error: unknown): EngineError {
  if (error instanceof EngineError)
    return new EngineError(error.code, error.message, {
      hint: error.hint ?? hints[stage],
      cause: error,
      data: { stage, ...error.data },
    });
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError('boot-failed', `${doing[stage]} failed: ${message}`, {
    hint: hints[stage],
    cause: error,
    data: { stage },
  });
}

const doing: Record<EngineStage, string> = {
  image: 'Preparing the machine’s files',
  vm: 'Starting the virtual machine',
  kernel: 'Booting the guest',
  agent: 'Reaching the guest agent',
  shares: 'Mounting the shared folders',
  ready: 'Starting the engine',
};

const hints: Record<EngineStage, string> = {
  image: 'Run "berth doctor".',
  vm: 'Run "berth doctor" to see what the host offers.',
  kernel: 'See the guest’s console with "berth console".',
  agent: 'See the guest’s console with "berth console"; then try "berth restart".',
  shares: 'See which folders are shared with "berth machine ls".',
  ready: 'Try "berth restart".',
};

function starting(stage: EngineStage, detail: string, sinceMs: number): EngineState {
  return { status: 'starting', stage, detail, sinceMs };
}

function failed(stage: string, { code, message, hint = '' }: EngineError): EngineState {
  return { status: 'failed', stage, code, message, hint };
}

function whileRunning(state: EngineState, change: (now: RunningState) => RunningState): EngineState {
  return state.status === 'running' ? change(state) : state;
}
