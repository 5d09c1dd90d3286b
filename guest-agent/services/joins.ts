/**
 * Containers in namespaces of others. Whose those are is settled when the container is made: a name may be somebody else's
 * later. It shares the other's user namespace, so it has the other's ids, and keeps them when that one is gone.
 */
import { effectiveNamespaces } from '../plan/namespaces-plan.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Engine } from './engine.ts';

const prefix = 'container:';
type Known = Pick<ContainerRegistry, 'get'>;

/** Whom a namespace's word names: `container:REFERENCE`. */
export function joined(word: string): string | undefined {
  return word.startsWith(prefix) ? word.slice(prefix.length) : undefined;
}

export const joinsNetwork = (spec: ContainerSpec): boolean => joined(spec.namespaces.network) !== undefined;

/** With ids in full in the place of names. @throws EngineError `no-such-container` */
export function settleJoins(containers: Known, spec: ContainerSpec): ContainerSpec {
  const settled = <T extends string>(word: T): T | `container:${string}` => {
    const reference = joined(word);
    return reference === undefined ? word : `container:${containers.get(reference).id}`;
  };
  const { network, pid, ipc } = spec.namespaces;
  const namespaces = { ...spec.namespaces, network: settled(network), pid: settled(pid), ipc: settled(ipc) };
  return { ...spec, namespaces };
}

/** The first id of whom it joins (the plan refuses several with different ones); undefined where it has its own, or none. */
export function joinedRange(containers: Known, spec: ContainerSpec): number | undefined {
  const { network, pid, ipc } = spec.namespaces;
  const [reference] = [network, pid, ipc].flatMap((word) => joined(word) ?? []);
  if (reference === undefined || effectiveNamespaces(spec).user !== 'join') return undefined;
  return containers.get(reference).record.idRangeStart;
}

/** When a container is gone: with the last that has these ids they may be another's. */
export function freeRange({ containers, ranges }: Pick<Engine, 'containers' | 'ranges'>, start?: number): void {
  if (!containers.all().some(({ record }) => record.idRangeStart === start)) ranges.free(start);
}
