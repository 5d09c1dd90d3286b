import type { containerMethods } from '../../protocol/container.ts';
import type { Handlers } from '../../protocol/method.ts';
import { createContainer, explainContainer } from '../../services/container-create.ts';
import { containerSize, inspectContainer, listContainers } from '../../services/container-list.ts';
import { pruneContainers, removeContainer } from '../../services/container-remove.ts';
import { restartContainer } from '../../services/container-restart.ts';
import { startContainer } from '../../services/container-start.ts';
import { killContainer, pauseContainer, stopContainer } from '../../services/container-stop.ts';
import { attachContainer, containerLogs, resizeContainer } from '../../services/container-streams.ts';
import { renameContainer, updateContainer } from '../../services/container-update.ts';
import { waitContainer } from '../../services/container-wait.ts';
import type { Engine } from '../../services/engine.ts';

export function containerHandlers(engine: Engine): Handlers<typeof containerMethods, AbortSignal> {
  return {
    create: (params) => {
      const { id, name, warnings } = createContainer(engine, params);
      return { id, name, warnings };
    },
    start: ({ id, attach }) => startContainer(engine, id, attach),
    attach: ({ id, stdin }) => attachContainer(engine, id, stdin),
    resize: ({ id, rows, columns }) => nothing(resizeContainer(engine, id, { rows, columns })),
    stop: ({ id, ...options }) => nothing(stopContainer(engine, id, options)),
    restart: ({ id, ...options }) => nothing(restartContainer(engine, id, options)),
    kill: ({ id, signal }) => nothing(killContainer(engine, id, signal)),
    pause: ({ id }) => nothing(pauseContainer(engine, id, true)),
    unpause: ({ id }) => nothing(pauseContainer(engine, id, false)),
    rename: ({ id, name }) => nothing(renameContainer(engine, id, name)),
    unlink: async ({ id, alias }) => {
      const { unlinkContainer } = await import('../../services/container-unlink.ts');
      return nothing(unlinkContainer(engine, id, alias));
    },
    update: ({ id, ...changes }) => updateContainer(engine, id, changes),
    wait: (params, signal) => waitContainer(engine, params, signal),
    remove: ({ id, ...options }) => nothing(removeContainer(engine, id, options)),
    prune: () => pruneContainers(engine),
    list: ({ all }) => listContainers(engine, all),
    inspect: ({ id }) => inspectContainer(engine, id),
    size: ({ id }) => containerSize(engine, id),
    // Looking at a container is rare beside running one: its code is loaded when it is asked for.
    top: async ({ id, columns }) => (await import('../../services/top.ts')).topOf(engine, id, columns),
    stats: async ({ ids }) => (await import('../../services/stats.ts')).statsOf(engine, ids),
    logs: (params) => containerLogs(engine, params),
    explain: ({ spec }) => explainContainer(engine, spec),
    kernel: async ({ id }) => (await import('../../services/kernel-view.ts')).kernelView(engine, id),
  };
}

async function nothing(work: Promise<void>): Promise<Record<string, never>> {
  await work;
  return {};
}
