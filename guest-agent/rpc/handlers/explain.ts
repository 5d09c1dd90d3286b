import type { explainMethods } from '../../protocol/explain.ts';
import type { Handlers } from '../../protocol/method.ts';
import type { Engine } from '../../services/engine.ts';

/** Loaded when somebody asks. */
export function explainHandlers(engine: Engine): Handlers<typeof explainMethods, AbortSignal> {
  return {
    port: async (params) => (await import('../../services/explain-port.ts')).portWay(engine, params),
    name: async ({ name, container }) =>
      (await import('../../services/explain-name.ts')).nameWay(engine, name, container),
  };
}
