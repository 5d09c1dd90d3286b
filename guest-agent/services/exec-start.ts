/** From an exec's specification to its plan. */
import type { Duplex } from 'node:stream';
import { planExec } from '../plan/exec-plan.ts';
import { resolveUser } from '../plan/user.ts';
import type { TerminalSize } from '../protocol/container-spec.ts';
import type { ExecSpec, execMethods } from '../protocol/exec.ts';
import type { ParamsOf } from '../protocol/method.ts';
import type { Container } from './container.ts';
import { requireRunning } from './container-state.ts';
import type { Engine } from './engine.ts';
import type { PlanProcess } from './execs.ts';
import { rangeSize } from './id-ranges.ts';
import { readImageFile } from './image-files.ts';
import { cgroupDir } from './paths.ts';

/** @throws EngineError `no-such-container`, `wrong-state` */
export function createExec(engine: Engine, spec: ExecSpec): string {
  const container = engine.containers.get(spec.container);
  requireRunning(container.name, container.record.state);
  return engine.execs.create(container.id, spec);
}

/** @throws EngineError `no-such-exec`, `wrong-state`, `invalid-argument` (unknown user), `command-not-found`, … */
export function startExec(
  engine: Engine,
  { id, attach, consoleSize }: ParamsOf<typeof execMethods.start>,
): Promise<{ stream?: string }> {
  return engine.execs.start(id, attach, planFor(engine, id, consoleSize));
}

/** As {@link startExec}, for the agent's own use: answers the stdio frames themselves. */
export function launchExec(engine: Engine, id: string): Promise<Duplex> {
  return engine.execs.startAttached(id, planFor(engine, id));
}

function planFor(engine: Engine, id: string, consoleSize?: TerminalSize): PlanProcess {
  const { container: containerId, spec: made } = engine.execs.containerOf(id);
  const spec = consoleSize === undefined ? made : { ...made, consoleSize };
  const container = engine.containers.get(containerId);
  const { record } = container;
  const { pid } = requireRunning(record.name, record.state);
  return (at) => {
    const context = {
      container: {
        id: record.id,
        spec: record.spec,
        pid,
        cgroup: cgroupDir(engine.paths, record),
        ...(record.idRangeStart !== undefined && { idRange: { start: record.idRangeStart, count: rangeSize } }),
      },
      user: userOf(engine, container, { spec, pid }),
      facts: engine.facts,
      ...at,
    };
    return planExec(spec, context).plan;
  };
}

/** The files as the running container has them. */
function userOf(
  engine: Engine,
  { record }: Container,
  { spec, pid }: { spec: ExecSpec; pid: number },
): ReturnType<typeof resolveUser> {
  const root = [`${engine.paths.proc}/${pid}/root`];
  const own = spec.user === '';
  const [passwd, group] = [readImageFile(root, '/etc/passwd'), readImageFile(root, '/etc/group')];
  return resolveUser(own ? record.spec.user : spec.user, own ? record.spec.groupAdd : [], passwd, group);
}
