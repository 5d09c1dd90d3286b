import type { execMethods } from '../../protocol/exec.ts';
import type { Handlers } from '../../protocol/method.ts';
import type { Engine } from '../../services/engine.ts';
import { createExec, startExec } from '../../services/exec-start.ts';

export function execHandlers(engine: Engine): Handlers<typeof execMethods, AbortSignal> {
  return {
    create: (spec) => ({ id: createExec(engine, spec) }),
    start: (params) => startExec(engine, params),
    resize: async ({ id, rows, columns }) => {
      await engine.execs.resize(id, { rows, columns });
      return {};
    },
    kill: async ({ id, signal }) => {
      await engine.execs.signal(id, signal);
      return {};
    },
    inspect: ({ id }) => engine.execs.inspect(id),
    wait: ({ id }, signal) => engine.execs.wait(id, signal),
  };
}
