/** `State` of an inspected container in Docker's shape, the same at every front door. */
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';
import { rfc3339, stateWord } from './times.ts';

/** Also one that is about to run again by its restart policy: for Docker it runs. */
export function isLive(info: Pick<ContainerInfo, 'state'>): boolean {
  return ['running', 'paused', 'restarting'].includes(stateWord(info));
}

export function containerState(info: Pick<ContainerInfo, 'state' | 'health'>) {
  const { state, health } = info;
  const restarting = stateWord(info) === 'restarting';
  const hasProcess = state.status === 'running' || state.status === 'paused';
  const ended = state.status === 'exited';
  return {
    Status: stateWord(info),
    Running: isLive(info),
    Paused: state.status === 'paused',
    Restarting: restarting,
    OOMKilled: ended && state.oomKilled,
    Dead: false,
    Pid: hasProcess ? state.pid : 0,
    ExitCode: ended ? state.exitCode : 0,
    Error: ended ? (state.error ?? '') : '',
    StartedAt: rfc3339(state.status === 'created' || state.startedAt === '0' ? '' : state.startedAt),
    FinishedAt: rfc3339(ended ? state.finishedAt : ''),
    ...(health !== undefined && { Health: healthOf(health) }),
  };
}

function healthOf({ status, failingStreak, log }: NonNullable<ContainerInfo['health']>) {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ startedAt, endedAt, exitCode, output }) => ({
      Start: rfc3339(startedAt),
      End: rfc3339(endedAt),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}
