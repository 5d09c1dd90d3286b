/** A row of `GET /containers/json`. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { NetworkInfo } from '../../../guest-agent/protocol/network.ts';
import { reachablePorts } from '../../contract/exposed-ports.ts';
import { milliseconds, stateWord, statusWords } from '../../contract/times.ts';
import { endpointsOf } from './endpoints.ts';
import { mountPoints } from './mount-points.ts';
import { portRows, type PublishedPort } from './published.ts';

export interface SummaryFacts {
  /** Minor number of the version that was asked for. */
  readonly minor: number;
  readonly nowMs: number;
  readonly networks: readonly NetworkInfo[];
  readonly ports: readonly PublishedPort[];
  /** Bytes; absent when not asked for. */
  readonly size?: { readonly writable: number; readonly root: number };
}

export function containerSummary(info: ContainerInfo, facts: SummaryFacts) {
  const { spec } = info;
  return {
    Id: info.id,
    Names: [`/${info.name}`],
    Image: spec.image.reference,
    ImageID: spec.image.id,
    Command: commandWords(spec.argv),
    Created: Math.floor(milliseconds(info.createdAt) / 1000),
    Ports: portRows(facts.ports, reachablePorts(info)),
    ...(facts.size !== undefined && { SizeRw: facts.size.writable, SizeRootFs: facts.size.root }),
    Labels: spec.labels,
    State: stateWord(info),
    Status: statusWords(info, facts.nowMs),
    ...(facts.minor >= 52 && { Health: healthOf(info) }),
    HostConfig: { NetworkMode: spec.namespaces.network },
    NetworkSettings: { Networks: endpointsOf(info, facts.networks) },
    Mounts: mountPoints(info),
  };
}

/** As Docker writes it: its arguments with blanks in quotes, the program as it is. */
function commandWords([program = '', ...args]: readonly string[]): string {
  return [program, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ');
}

/** Of every container; without a check, or a run, there is nothing to tell. */
function healthOf({ health }: ContainerInfo) {
  return { Status: health?.status ?? 'none', FailingStreak: health?.failingStreak ?? 0 };
}
