import { guestMethods } from '../../guest-agent/protocol/index.ts';
import { asError, withDeadline } from '../base/deadline.ts';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { EngineState } from '../contract/index.ts';
import type { GuestStatus } from '../guest/guest.ts';
import type { VmExit } from '../machine/machine.ts';
import type { BringUpOptions, StageLimits } from './bring-up.ts';
import { keepClock } from './clock.ts';
import { crashMessage } from './crash-spec.ts';
import type { EngineDrivers } from './engine-drivers.ts';
import { nextEngineState, stageFailure, stopped, whyNotRunning } from './engine-state.ts';
import type { EngineEvent } from './engine-state.ts';
import { bringUpTwice } from './second-try.ts';
import type { Session } from './session.ts';
import { windDown } from './wind-down.ts';

export interface EngineOptions {
  readonly machine: string;
  readonly drivers: EngineDrivers;
  readonly hostVersion: string;
  readonly log: Log;
  readonly limits?: Partial<StageLimits>;
}

interface Start {
  readonly done: Promise<Session>;
  readonly abort: AbortController;
}

/** One machine's virtual machine and agent: started once for all callers, stopped in order, its crash seen. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #stateChanged = new Listeners<EngineState>();
  readonly #sessionBegan = new Listeners<Session>();
  #state: EngineState = stopped;
  #session: Session | undefined;
  #starting: Start | undefined;
  #stopping: Promise<void> | undefined;
  /** Why the hypervisor has suspended the guest. */
  #stalled: string | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get state(): EngineState {
    return this.#state;
  }

  onState(listener: (state: EngineState) => void): Disposable {
    return this.#stateChanged.add(listener);
  }

  /** Told at the end of each start, before its callers are. */
  onSession(listener: (session: Session) => void): Disposable {
    return this.#sessionBegan.add(listener);
  }

  /**
   * Boots when stopped; all callers share one start, and a caller that leaves does not end it.
   * @throws EngineError the cause of the stage that failed.
   */
  async start(signal?: AbortSignal): Promise<EngineState> {
    if (this.#stopping !== undefined) await this.#stopping.catch(() => undefined);
    if (this.#session === undefined) await settle((this.#starting ??= this.#begin()).done, signal);
    return this.#state;
  }

  /** Ends a start that is under way, too. Harmless when stopped. */
  async stop(force: boolean): Promise<void> {
    if (this.#stopping !== undefined && !force) return this.#stopping;
    const cancelled = new EngineError('cancelled', 'The start was ended by a stop.');
    this.#starting?.abort.abort(cancelled);
    await this.#starting?.done.catch(() => undefined);
    const session = this.#session;
    if (session === undefined) return this.#stopping;
    this.#change({ type: 'stop' });
    const done = windDown(session, force || this.#stalled !== undefined, this.#options.log).finally(() =>
      this.#end(session),
    );
    this.#stopping = done;
    await done.finally(() => (this.#stopping = undefined));
  }

  /**
   * What a call that needs the guest uses; waits for a start that is under way.
   * @throws EngineError `engine-stopped`
   */
  async session(signal?: AbortSignal): Promise<Session> {
    if (this.#starting !== undefined) await settle(this.#starting.done, signal);
    if (this.#session === undefined || this.#stopping !== undefined)
      throw whyNotRunning(this.#options.machine, this.#state);
    if (this.#stalled !== undefined) throw suspended(this.#options.machine, this.#stalled);
    return this.#session;
  }

  /** The hypervisor has suspended the guest: whoever calls it waits until the host has room again. */
  get suspended(): boolean {
    return this.#stalled !== undefined;
  }

  /** The session, without waiting. */
  get running(): Session | undefined {
    return this.#session;
  }

  #begin(): Start {
    const abort = new AbortController();
    this.#change({ type: 'start', atMs: Date.now() });
    const done = this.#boot(abort.signal).finally(() => (this.#starting = undefined));
    return { done, abort };
  }

  async #boot(signal: AbortSignal): Promise<Session> {
    const { drivers, hostVersion, log, limits } = this.#options;
    try {
      const onStage: BringUpOptions['onStage'] = (stage, detail) =>
        this.#change({ type: 'stage', stage, detail, atMs: Date.now() });
      const session = await bringUpTwice({ drivers, hostVersion, log, onStage, signal, limits });
      this.#session = session;
      this.#change({ type: 'ready', facts: factsOf(session) });
      this.#watch(session);
      for (const error of this.#sessionBegan.emit(session))
        log.error({ err: error }, 'a part did not take the new session');
      return session;
    } catch (error) {
      const failure = stageFailure('ready', error);
      log.error({ err: error }, 'the machine did not start');
      const stage = typeof failure.data?.['stage'] === 'string' ? failure.data['stage'] : 'ready';
      if (signal.aborted) this.#change({ type: 'stop' });
      this.#change(signal.aborted ? { type: 'stopped' } : { type: 'failed', stage, error: failure });
      throw error;
    }
  }

  #watch(session: Session): void {
    const clock = keepClock(session.guest, { log: this.#options.log });
    session.guest.onStatus((status) => this.#agentStatus(session, status));
    session.shares.onLost((text) => {
      if (this.#session === session) this.#change({ type: 'warning', text });
    });
    session.vm.onStall?.((cause) => this.#stall(session, cause));
    void session.vm.exited.then((exit) => {
      clock[Symbol.dispose]();
      if (this.#session === session && this.#stopping === undefined) this.#died(session, exit);
    });
  }

  #stall(session: Session, cause: string | undefined): void {
    if (this.#session !== session) return;
    this.#options.log.warn({ cause }, cause === undefined ? 'the guest goes on' : 'the guest is suspended');
    this.#stalled = cause;
    const text = cause === undefined ? undefined : suspended(this.#options.machine, cause).message;
    this.#change({ type: 'suspended', text });
  }

  #died(session: Session, exit: VmExit): void {
    this.#options.log.error({ exit }, 'the virtual machine ended by itself');
    const message = crashMessage(exit);
    const hint = 'Start it again with "berth start"; the host service’s log has the console’s last lines.';
    if (message !== undefined) {
      const error = new EngineError('vm-crashed', message, { hint });
      this.#change({ type: 'failed', stage: 'vm', error });
      void session.guest.close(error);
    }
    this.#stopping = this.#release(session);
  }

  async #release(session: Session): Promise<void> {
    try {
      await session[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.log.error({ err: error }, 'cleaning up after the virtual machine failed');
    } finally {
      this.#end(session);
      this.#stopping = undefined;
    }
  }

  #agentStatus(session: Session, status: GuestStatus): void {
    if (this.#session !== session) return;
    this.#change({ type: 'agent', lost: status.kind !== 'connected' });
    if (status.kind === 'failed') this.#change({ type: 'warning', text: status.cause.message });
    if (status.kind !== 'connected' || !status.restarted) return;
    void this.#serveAgain(session);
  }

  /** What another agent lacks; containers that its start found ended may wait for it, to be started again. */
  async #serveAgain({ shares, guest }: Session): Promise<void> {
    try {
      await shares.mount(guest);
    } catch (error) {
      this.#change({ type: 'warning', text: `Shared folders are not mounted: ${asError(error).message}` });
    }
    if (guest.hello.dataDiskFailure !== undefined) return;
    await guest.call(guestMethods.ready, {}, { repeat: true }).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the guest agent was not told that it is served');
    });
  }

  #end(session: Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#stalled = undefined;
    this.#change({ type: 'stopped' });
  }

  #change(event: EngineEvent): void {
    const next = nextEngineState(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#stateChanged.emit(next);
  }
}

function suspended(machine: string, cause: string): EngineError {
  return new EngineError('disk-full', `The machine ${machine} is suspended: ${cause}.`, {
    hint: 'Free some space there; it goes on by itself. "berth stop" ends it as if its plug was pulled.',
  });
}

function factsOf({ vm, guest: { hello }, bootMs, warnings }: Session) {
  return {
    accelerator: vm.accelerator,
    pid: vm.pid,
    bootMs,
    startedAt: new Date().toISOString(),
    kernel: hello.kernel,
    agentVersion: hello.agentVersion,
    warnings: [...warnings],
  };
}

/** Waits for a shared promise as long as this caller wants to. */
async function settle<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? shared : withDeadline('The start of the machine', 2 ** 31 - 1, () => shared, signal);
}
