/** Changes to a container that exists: limits and name. */
import { planUpdate } from '../plan/cgroup-plan.ts';
import type { Resources, RestartPolicy } from '../protocol/container-spec.ts';
import { isActive } from './container-state.ts';
import { throttleDevices } from './devices.ts';
import type { Engine } from './engine.ts';
import { cgroupDir } from './paths.ts';

/** At once when it runs, with the next start otherwise. @throws EngineError `limit-too-low`, `invalid-argument`, `in-use` */
export function updateContainer(
  engine: Engine,
  id: string,
  { resources: changes, restart }: { resources: Resources; restart?: RestartPolicy },
): Promise<{ warnings: string[] }> {
  const container = engine.containers.get(id);
  return container.mutex.run(async () => {
    const { record } = container;
    const { spec } = record;
    const merged = { ...spec.resources, ...changes };
    const { ops, resources, warnings } = planUpdate(spec.resources, changes, {
      cgroup: cgroupDir(engine.paths, record),
      facts: engine.facts,
      deviceNumbers: throttleDevices({ resources: merged }),
    });
    if (isActive(record.state)) await engine.effects.apply(ops);
    record.spec = { ...spec, resources, ...(restart !== undefined && { restart }) };
    engine.store.saveContainer(record);
    engine.events.emit('container', record.id, 'update');
    return { warnings };
  });
}

/** @throws EngineError `name-in-use`, `invalid-argument` */
export function renameContainer(engine: Engine, id: string, name: string): Promise<void> {
  const container = engine.containers.get(id);
  return container.mutex.run(() => {
    const before = container.name;
    const after = engine.containers.freeName(name);
    engine.containers.rename(container, after);
    renameEndpoints(engine, container.id, before, after);
    engine.store.saveContainer(container.record, { durable: !container.record.spec.autoRemove });
    engine.events.emit('container', container.id, 'rename', { oldName: `/${before}` });
    return Promise.resolve();
  });
}

function renameEndpoints(engine: Engine, id: string, before: string, after: string): void {
  for (const { endpoint } of engine.networks.of(id)) {
    const others = endpoint.dnsNames?.filter((name) => name !== before && name !== after);
    if (others !== undefined) endpoint.dnsNames = [after, ...others];
  }
}
