import type { archiveMethods, layerArchiveMethods } from '../../protocol/archive.ts';
import type { Handlers } from '../../protocol/method.ts';
import type { Engine } from '../../services/engine.ts';

/** Copying is rare beside running: its code is loaded when it is asked for. */
const archives = () => import('../../services/archives.ts');

export function archiveHandlers(
  engine: Engine,
): Handlers<typeof archiveMethods & typeof layerArchiveMethods, AbortSignal> {
  return {
    archiveStat: async (params) => ({ stat: await (await archives()).archiveStat(engine, params) }),
    archiveGet: async (params) => (await archives()).archiveGet(engine, params),
    archivePut: async (params) => (await archives()).archivePut(engine, params),
    export: async ({ id }) => (await archives()).exportContainer(engine, id),
    changes: async ({ id }) => (await archives()).containerChanges(engine, id),
    layer: async (params) => (await archives()).containerLayer(engine, params),
  };
}
