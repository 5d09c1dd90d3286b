import type { EngineState, MachineInfo } from '../../contract/machine.ts';
import { binarySize } from '../flags/bytes.ts';
import type { ListView } from '../format/list.ts';

export interface MachineRow {
  readonly Name: string;
  readonly Status: string;
  readonly CPUs: string;
  readonly Memory: string;
  readonly Disk: string;
  /** What the machine's files take on the host. */
  readonly HostSize: string;
  readonly Accelerator: string;
  readonly Shares: string;
}

export const machineView: ListView<MachineRow> = {
  columns: ['Name', 'Status', 'CPUs', 'Memory', 'Disk', 'HostSize', 'Accelerator', 'Shares'],
  titles: {
    Name: 'NAME',
    Status: 'STATUS',
    CPUs: 'CPUS',
    Memory: 'MEMORY',
    Disk: 'DISK',
    HostSize: 'ON HOST',
    Accelerator: 'ACCELERATOR',
    Shares: 'SHARES',
  },
};

export function machineRow({ name, settings, state, hostBytes }: MachineInfo): MachineRow {
  const chosen = settings.accelerator === '' ? 'auto' : settings.accelerator;
  return {
    Name: name,
    Status: state.status,
    CPUs: String(settings.cpus),
    Memory: binarySize(settings.memoryBytes),
    Disk: binarySize(settings.diskBytes),
    HostSize: binarySize(hostBytes),
    Accelerator: state.status === 'running' ? state.accelerator : chosen,
    Shares: settings.shares.map(({ path, readOnly }) => (readOnly ? `${path}:ro` : path)).join(','),
  };
}

/** `berth status` for people. */
export function describeState(machine: string, state: EngineState): string[] {
  const head = `Machine ${machine}: ${state.status}`;
  switch (state.status) {
    case 'stopped':
    case 'stopping':
      return [head];
    case 'starting':
      return [`${head} (${state.stage}: ${state.detail})`];
    case 'failed':
      return [`${head} at ${state.stage}: ${state.message}`, ...(state.hint === '' ? [] : [`  hint: ${state.hint}`])];
    case 'running':
      return [
        `${head}${state.agentLost ? ' (the agent does not answer; containers run on)' : ''}`,
        `  accelerator   ${state.accelerator}`,
        `  kernel        ${state.kernel}`,
        `  agent         ${state.agentVersion}`,
        `  since         ${state.startedAt} (boot took ${(state.bootMs / 1000).toFixed(1)} s)`,
        `  process       ${state.pid}`,
        ...state.warnings.map((warning) => `  warning: ${warning}`),
      ];
  }
}
