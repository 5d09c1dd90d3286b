/** From nothing to a machine that answers: the stages, each with its time limit; a failure undoes what was begun. */
import { guestMethods } from '../../guest-agent/protocol/index.ts';
import { delay, withDeadline } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import { connectGuest } from '../guest/guest-client.ts';
import type { Guest } from '../guest/guest.ts';
import type { BootProgress, Vm } from '../machine/machine.ts';
import type { EngineDrivers, MachineTransport, PreparedMachine } from './engine-drivers.ts';
import { crashCause } from './crash-spec.ts';
import { stageFailure } from './engine-state.ts';
import type { EngineStage } from './engine-state.ts';
import type { Session } from './session.ts';
import { LayerShare } from './layer-share.ts';
import { ShareSet } from './share-set.ts';

export interface BringUpOptions {
  readonly drivers: EngineDrivers;
  readonly hostVersion: string;
  readonly log: Log;
  readonly onStage: (stage: EngineStage, detail: string) => void;
  readonly signal: AbortSignal;
  readonly limits?: Partial<StageLimits>;
}

/** Milliseconds. The backend has limits of its own for each accelerator that it tries. */
export type StageLimits = Record<Exclude<EngineStage, 'ready' | 'kernel'>, number>;

const defaultLimits: StageLimits = { image: 120_000, vm: 300_000, agent: 120_000, shares: 30_000 };

/** @throws EngineError whose data names the stage; nothing is left running. */
export async function bringUp(options: BringUpOptions): Promise<Session> {
  const began = performance.now();
  await using undo = new AsyncDisposableStack();
  const stages = new Stages(options);
  const prepared = undo.use(
    await stages.run('image', 'preparing the machine’s files', (signal) => options.drivers.prepare(signal)),
  );
  const { backend, shares: driver, sharesMissing = 'this host has no driver for it.' } = options.drivers;
  await stages.run('vm', 'ending what an earlier run left', () => backend.endLeftOver(prepared.spec));
  const shares = undo.use(
    await stages.run('vm', 'serving shared folders', (signal) =>
      ShareSet.start(prepared.sharedFolders, { driver, missing: sharesMissing }, signal),
    ),
  );
  const layerShare = undo.use(await LayerShare.start(prepared.layerFolder, driver, options));
  const spec = { ...prepared.spec, shares: [...shares.devices, ...layerShare.devices] };
  const onProgress = (progress: BootProgress) => stages.bootProgress(progress);
  const vm = await stages.run('vm', `starting ${backend.name}`, (signal) => {
    const beforeRetry = async () => {
      await shares.serveAgain(signal);
      await layerShare.serveAgain(signal);
    };
    return backend.boot(spec, { signal, onProgress, beforeRetry });
  });
  undo.defer(async () => {
    await vm.stop('force');
  });
  layerShare.watch();
  let transport: MachineTransport | undefined;
  const connect = async (signal: AbortSignal) => {
    const made = await prepared.connect(vm, signal);
    transport = made;
    await agentListens(vm, signal);
    return made;
  };
  const guest = await stages.run('agent', 'waiting for the guest agent', (signal) =>
    reach(vm, connect, options, signal),
  );
  undo.defer(() => guest.close());
  if (guest.hello.dataDiskFailure === undefined) await prepared.dataDiskUsed?.();
  await stages.run('shares', 'mounting shared folders', (signal) => shares.mount(guest, signal));
  if (guest.hello.dataDiskFailure === undefined) await guest.call(guestMethods.ready, {}, { signal: options.signal });
  const bootMs = Math.round(performance.now() - began);
  const disposal = undo.move();
  return {
    vm,
    guest,
    shares,
    layerShare,
    bootMs,
    warnings: [...shares.warnings, ...guestWarnings(guest)],
    transport: () => {
      if (transport === undefined) throw new EngineError('unreachable', 'The guest is not connected.');
      return transport;
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** Said on the console by the agent once it listens. */
const agentStage = 'berth: stage agent';
/** Milliseconds after which it is tried all the same: a line of a console may be garbled. */
const withoutWord = 15_000;

/** Trying before it listens would cost an emulated guest more than the wait. */
async function agentListens(vm: Vm, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const ignored = () => undefined;
  await Promise.race([vm.console.saw(agentStage, either).catch(ignored), delay(withoutWord, either).catch(ignored)]);
  over.abort();
  signal.throwIfAborted();
}

type Connect = (signal: AbortSignal) => ReturnType<PreparedMachine['connect']>;

/** A guest that ends while its agent is awaited ends the wait. */
async function reach(vm: Vm, connect: Connect, options: BringUpOptions, signal: AbortSignal): Promise<Guest> {
  const dead = new AbortController();
  let waiting = true;
  const fail = (message: string) => dead.abort(new EngineError('boot-failed', message));
  const console = vm.console.onLine((line) => {
    const failure = /^berth: fail (?!data-disk)(\S+) (.*)/.exec(line);
    if (failure !== null) fail(`The guest could not start (${failure[1] ?? ''}): ${failure[2] ?? ''}`);
  });
  void vm.exited.then(({ detail }) => {
    if (waiting)
      dead.abort(
        new EngineError('vm-crashed', `The virtual machine ended before its agent answered${crashCause(detail)}.`, {
          cause: detail,
        }),
      );
  });
  try {
    const { log, hostVersion, drivers } = options;
    return await connectGuest(
      { connect, hostVersion, lookUp: drivers.lookUp, log },
      AbortSignal.any([signal, dead.signal]),
    );
  } catch (error) {
    throw isMismatch(error) ? otherVersion(error) : error;
  } finally {
    waiting = false;
    console[Symbol.dispose]();
  }
}

function isMismatch(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'protocol-mismatch';
}

/** The machine was booted just now: starting it again would meet the same. */
function otherVersion(cause: EngineError): EngineError {
  return new EngineError(cause.code, cause.message, {
    hint: 'Its files are of another version than the host service: install Berth again; in a checkout run "npm start".',
    cause,
  });
}

function guestWarnings({ hello }: Guest): string[] {
  const failure = hello.dataDiskFailure;
  return failure === undefined ? [] : [`Containers cannot be made: the data disk is unusable (${failure}).`];
}

class Stages {
  readonly #options: BringUpOptions;
  readonly #limits: StageLimits;
  #current: EngineStage = 'image';

  constructor(options: BringUpOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  async run<T>(stage: keyof StageLimits, detail: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#enter(stage, detail);
    try {
      return await withDeadline(`The step "${detail}"`, this.#limits[stage], work, this.#options.signal);
    } catch (error) {
      throw stageFailure(this.#current, error);
    }
  }

  bootProgress({ stage, message }: BootProgress): void {
    this.#enter(stage === 'accelerator' ? 'vm' : 'kernel', message);
  }

  #enter(stage: EngineStage, detail: string): void {
    this.#current = stage;
    this.#options.log.info({ stage }, detail);
    this.#options.onStage(stage, detail);
  }
}
