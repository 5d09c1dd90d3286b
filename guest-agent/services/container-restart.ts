/** Stop and start as one: nobody else's operation on the container comes between. */
import { startedBySomebody, startLocked } from './container-start.ts';
import { isActive } from './container-state.ts';
import { stopChoice, stopProcess, type StopOptions } from './container-stop.ts';
import type { Engine } from './engine.ts';

export function restartContainer(engine: Engine, id: string, options: StopOptions): Promise<void> {
  const container = engine.containers.get(id);
  return container.mutex.run(async () => {
    const { record } = container;
    if (isActive(record.state)) await stopProcess(engine, container, stopChoice(container, options), true);
    startedBySomebody(container);
    await startLocked(engine, container, false);
    engine.events.emit('container', record.id, 'restart');
  });
}
