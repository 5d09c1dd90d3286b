/**
 * A container's life as a union whose members carry what exists only then, and the transitions between them. PURE: each
 * function answers the next state or throws `wrong-state`, naming the state and what is needed.
 */
import type { ContainerState } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';

export type Running = Extract<ContainerState, { status: 'running' | 'paused' }>;
export type Exited = Extract<ContainerState, { status: 'exited' }>;

/** How a process ended, from the exit record and the cgroup. Times are nanoseconds since the epoch, decimal. */
export interface Ending {
  exitCode: number;
  oomKilled: boolean;
  finishedAt: string;
  error?: string;
}

export const created: ContainerState = { status: 'created' };

export function isActive(state: ContainerState): state is Running {
  return state.status === 'running' || state.status === 'paused';
}

/** It has ended, and is started again by its restart policy. */
export function isRestarting(state: ContainerState): state is Exited & { restartsAt: string } {
  return state.status === 'exited' && state.restartsAt !== undefined;
}

export function started(name: string, state: ContainerState, process: { pid: number; startedAt: string }): Running {
  requireStartable(name, state);
  return { status: 'running', pid: process.pid, startedAt: process.startedAt };
}

export function requireStartable(name: string, state: ContainerState): void {
  if (isActive(state)) throw wrongState(name, state, 'created or exited', 'Stop it first, or use restart.');
}

/** Start failed: Docker shows such a container as exited, with the failure's message. */
export function startFailed(state: ContainerState, failure: { exitCode: number; error: string; at: string }): Exited {
  return {
    status: 'exited',
    exitCode: failure.exitCode,
    oomKilled: false,
    startedAt: state.status === 'created' ? '0' : state.startedAt,
    finishedAt: failure.at,
    error: failure.error,
  };
}

export function exited(state: Running, ending: Ending): Exited {
  return {
    status: 'exited',
    exitCode: ending.exitCode,
    oomKilled: ending.oomKilled,
    startedAt: state.startedAt,
    finishedAt: ending.finishedAt,
    ...(ending.error === undefined ? {} : { error: ending.error }),
  };
}

export function paused(name: string, state: ContainerState): Running {
  if (state.status !== 'running') throw wrongState(name, state, 'running', 'Only a running container can be paused.');
  return { ...state, status: 'paused' };
}

export function unpaused(name: string, state: ContainerState): Running {
  if (state.status !== 'paused') throw wrongState(name, state, 'paused', 'It is not paused: nothing is to be done.');
  return { ...state, status: 'running' };
}

/** For exec, attach, top, kill and the like. @throws EngineError `wrong-state` */
export function requireActive(name: string, state: ContainerState): Running {
  if (!isActive(state)) throw wrongState(name, state, 'running', 'Start it first.');
  return state;
}

/** A frozen process can't take part in anything new. @throws EngineError `wrong-state` */
export function requireRunning(name: string, state: ContainerState): Running {
  if (state.status === 'paused') throw wrongState(name, state, 'running', 'Unpause it first.');
  return requireActive(name, state);
}

export function requireRemovable(name: string, state: ContainerState, force: boolean): void {
  if ((isActive(state) || isRestarting(state)) && !force)
    throw wrongState(name, state, 'created or exited', 'Stop it first, or remove it with force.');
}

function wrongState(name: string, state: ContainerState, needed: string, hint: string): EngineError {
  const status = isRestarting(state) ? 'restarting' : state.status;
  return new EngineError('wrong-state', `Container ${name} is ${status}; it must be ${needed}.`, {
    hint,
    data: { state: state.status, needed },
  });
}
