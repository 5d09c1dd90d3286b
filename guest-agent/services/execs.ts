/** Further processes in running containers, each under a monitor of its own; and shells in namespaces of their own. */
import { mkdirSync, rmSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Effects, Launched } from '../effects/effects.ts';
import { signalNumber } from '../plan/signal.ts';
import type { LaunchPlan } from '../plan/op.ts';
import { EngineError } from '../protocol/errors.ts';
import type { ExecInfo, ExecSpec } from '../protocol/exec.ts';
import { joinStreams } from '../streams/join.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Events } from './events.ts';
import { newId } from './names.ts';
import { monitorSocket, processDir, type Paths } from './paths.ts';

/** How many that have ended are remembered, so that their exit codes can still be asked for. */
const remembered = 256;

interface Exec {
  readonly id: string;
  readonly container: string;
  readonly spec: ExecSpec;
  pid: number | undefined;
  exitCode: number | undefined;
  launching: boolean;
  readonly ended: PromiseWithResolvers<number>;
}

export interface ExecsDependencies {
  readonly paths: Paths;
  readonly effects: Effects;
  readonly streams: StreamRegistry;
  readonly events: Events;
}

/** Makes the plan, given where the monitor is to listen and to leave its record. */
export type PlanProcess = (at: { socket: string; state: string; holdForAttach: boolean }) => LaunchPlan;

export class Execs {
  readonly #deps: ExecsDependencies;
  readonly #execs = new Map<string, Exec>();
  /** Of processes that run, those without an exec included. */
  readonly #running = new Set<string>();

  constructor(deps: ExecsDependencies) {
    this.#deps = deps;
  }

  create(container: string, spec: ExecSpec): string {
    const ended = Promise.withResolvers<number>();
    const exec: Exec = { id: newId(), container, spec, pid: undefined, exitCode: undefined, launching: false, ended };
    this.#execs.set(exec.id, exec);
    this.#forgetOld();
    this.#deps.events.emit('exec', exec.id, 'exec_create', { container, command: spec.argv.join(' ') });
    return exec.id;
  }

  containerOf(id: string): { container: string; spec: ExecSpec } {
    return this.#get(id);
  }

  /** @throws EngineError `wrong-state` when it was started before; `command-not-found`, `command-not-executable` */
  async start(id: string, attach: boolean, plan: PlanProcess): Promise<{ stream?: string }> {
    const bytes = await this.#begin(id, attach, plan);
    return bytes === undefined ? {} : { stream: this.offer(bytes) };
  }

  /** As {@link start}, with the stdio frames themselves. */
  async startAttached(id: string, plan: PlanProcess): Promise<Duplex> {
    const bytes = await this.#begin(id, true, plan);
    if (bytes === undefined) throw new Error('an attached process has no stream');
    return bytes;
  }

  async #begin(id: string, attach: boolean, plan: PlanProcess): Promise<Duplex | undefined> {
    const exec = this.#get(id);
    if (exec.launching)
      throw new EngineError('wrong-state', `Exec ${id.slice(0, 12)} was started before.`, {
        hint: 'Make another one.',
      });
    exec.launching = true;
    try {
      const { process, bytes } = await this.launch(id, attach, plan);
      exec.pid = process.pid;
      const { container, spec } = exec;
      this.#deps.events.emit('exec', id, 'exec_start', { container, command: spec.argv.join(' ') });
      void process.exited.then((record) => this.#noteEnd(exec, record?.exitCode ?? 137));
      return bytes;
    } catch (error) {
      this.#noteEnd(exec, error instanceof EngineError && error.code === 'command-not-found' ? 127 : 126);
      throw error;
    }
  }

  /** Runs a plan under a monitor of its own; what it leaves on disk goes when it has ended. */
  async launch(id: string, attach: boolean, planned: PlanProcess): Promise<{ process: Launched; bytes?: Duplex }> {
    const { paths, effects } = this.#deps;
    const state = processDir(paths, id);
    const socket = monitorSocket(paths, id);
    mkdirSync(state, { recursive: true });
    const clean = (): void => rmSync(state, { recursive: true, force: true });
    const held = Promise.withResolvers<Duplex>();
    held.promise.catch(() => undefined);
    try {
      const plan = planned({ socket, state, holdForAttach: attach });
      const ends = { stdin: true, stdout: true, stderr: true };
      const onReady = (): void => void effects.attach(socket, ends).then(held.resolve, held.reject);
      const process = await effects.launch(plan, attach ? onReady : undefined);
      this.#running.add(id);
      void process.exited.then(() => {
        this.#running.delete(id);
        clean();
      });
      return attach ? { process, bytes: await held.promise } : { process };
    } catch (error) {
      clean();
      throw error;
    }
  }

  /** A token for the stdio frames of a process. */
  offer(bytes: Duplex): string {
    return this.#deps.streams.offer(
      (stream) => joinStreams(stream, bytes),
      () => bytes.destroy(),
    );
  }

  /** @throws EngineError `wrong-state`, `no-such-exec`, `invalid-argument` */
  async signal(id: string, signal: string): Promise<void> {
    if (!this.#running.has(id)) {
      const hint = 'Only one that runs takes signals.';
      throw new EngineError('wrong-state', `Exec ${this.#get(id).id.slice(0, 12)} does not run.`, { hint });
    }
    await this.#deps.effects.signal(monitorSocket(this.#deps.paths, id), signalNumber(signal));
  }

  /** Ends a process for good; nothing when it has ended. */
  async kill(id: string): Promise<void> {
    await this.#deps.effects.signal(monitorSocket(this.#deps.paths, id), 9).catch(() => undefined);
  }

  inspect(id: string): ExecInfo {
    const { container, spec, pid, exitCode } = this.#get(id);
    const running = pid !== undefined && exitCode === undefined;
    return { id, container, spec, running, ...(running && { pid }), ...(exitCode !== undefined && { exitCode }) };
  }

  /** @throws EngineError `no-such-exec`, `wrong-state`, `cancelled` */
  wait(id: string, signal: AbortSignal): Promise<{ exitCode: number }> {
    const exec = this.#get(id);
    const cancelled = Promise.withResolvers<never>();
    const cancel = (): void => cancelled.reject(new EngineError('cancelled', 'Waiting for the exec was cancelled.'));
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    return Promise.race([exec.ended.promise.then((exitCode) => ({ exitCode })), cancelled.promise]).finally(() =>
      signal.removeEventListener('abort', cancel),
    );
  }

  async resize(id: string, size: { rows: number; columns: number }): Promise<void> {
    this.#get(id);
    await this.#deps.effects.resize(monitorSocket(this.#deps.paths, id), size);
  }

  /** Those never started can't be any more. */
  containerEnded(container: string): void {
    for (const exec of this.#execs.values())
      if (exec.container === container && !exec.launching) this.#noteEnd(exec, 126);
  }

  #noteEnd(exec: Exec, exitCode: number): void {
    if (exec.exitCode !== undefined) return;
    exec.exitCode = exitCode;
    exec.launching = true;
    exec.ended.resolve(exitCode);
    this.#deps.events.emit('exec', exec.id, 'exec_die', { container: exec.container, exitCode: String(exitCode) });
  }

  #forgetOld(): void {
    for (const [id, exec] of this.#execs) {
      if (this.#execs.size <= remembered) return;
      if (exec.exitCode !== undefined) this.#execs.delete(id);
    }
  }

  #get(id: string): Exec {
    const exec = this.#execs.get(id);
    if (exec !== undefined) return exec;
    throw new EngineError('no-such-exec', `There is no exec ${id.slice(0, 64)}.`, {
      hint: 'It ended long ago, or the guest agent was started again since.',
    });
  }
}
