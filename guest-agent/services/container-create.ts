/** Making a container: nothing runs yet, and nothing is left behind when it fails. */
import { mkdirSync } from 'node:fs';
import { planContainer } from '../plan/container-plan.ts';
import { explainPlan } from '../plan/explain.ts';
import { needsIdRange } from '../plan/namespaces-plan.ts';
import { signalNumber } from '../plan/signal.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { ExplainedOp } from '../protocol/container.ts';
import { nowNano } from './clock.ts';
import { containerContext } from './container-context.ts';
import { checkedNetworks, sampleEndpoints } from './container-networks.ts';
import { created } from './container-state.ts';
import type { Engine } from './engine.ts';
import { firstRange } from './id-ranges.ts';
import { freeRange, joinedRange, settleJoins } from './joins.ts';
import { newId } from './names.ts';
import { containerDir, layerMount } from './paths.ts';
import type { ContainerRecord } from './records.ts';

/**
 * @throws EngineError `name-in-use`, `invalid-argument`, `limit-too-low`, `unsupported`, `not-shared`, `no-such-path`,
 * `no-such-container` (joined), `no-such-network`, `disk-full`
 */
export function createContainer(engine: Engine, wanted: { name: string; spec: ContainerSpec }): ContainerRecord {
  const networks = checkedNetworks(engine, wanted.spec);
  const spec = settleJoins(engine.containers, { ...wanted.spec, networks });
  const name = engine.containers.freeName(wanted.name);
  const id = newId();
  const { warnings } = draftPlan(engine, id, spec);
  const record: ContainerRecord = {
    ...{ id, name, spec, warnings },
    createdAt: nowNano(),
    state: created,
    restartCount: 0,
    endpoints: [],
    published: [],
    idRangeStart: needsIdRange(spec) ? engine.ranges.allot() : joinedRange(engine.containers, spec),
    volumes: {},
    // Whether one that goes by itself was started is asked of its monitor: the start need not write that down.
    ...(spec.autoRemove && { starting: true }),
    bootId: spec.autoRemove ? engine.bootId : '',
  };
  const undo: (() => void)[] = [() => freeRange(engine, record.idRangeStart)];
  try {
    record.volumes = engine.volumes.createFor(spec);
    undo.push(() => engine.volumes.removeAnonymous(Object.values(record.volumes)));
    mkdirSync(containerDir(engine.paths, id), { mode: 0o711 });
    undo.push(() => engine.trash.discard(containerDir(engine.paths, id)));
    // A container that goes by itself is nothing to keep over a power loss.
    engine.store.saveContainer(record, { durable: !spec.autoRemove });
    engine.containers.add(record);
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
  engine.events.emit('container', id, 'create');
  return record;
}

/** The plan of a container that is not made. @throws EngineError as {@link createContainer}, but for names */
export function explainContainer(engine: Engine, spec: ContainerSpec): { ops: ExplainedOp[]; warnings: string[] } {
  const { plan, warnings } = draftPlan(engine, newId(), settleJoins(engine.containers, spec));
  return { ops: explainPlan(plan), warnings };
}

/** The plan as it would be, for what can be known to be wrong before anything is made. */
export function draftPlan(engine: Engine, id: string, spec: ContainerSpec): ReturnType<typeof planContainer> {
  const networks = checkedNetworks(engine, spec);
  if (spec.stopSignal !== '') signalNumber(spec.stopSignal);
  const idRangeStart = needsIdRange(spec) ? firstRange : joinedRange(engine.containers, spec);
  const subject = { id, name: id.slice(0, 12), spec: { ...spec, networks }, idRangeStart, volumes: {} };
  const layerMounts = spec.image.layers.map((layer) => layerMount(engine.paths, layer));
  const endpoints = sampleEndpoints(engine, subject);
  return planContainer(
    spec,
    containerContext(engine, subject, { layerMounts, endpoints, draft: true, holdForAttach: false }),
  );
}
