/** Machines and the engine in them: settings, state, doctor. */
import * as v from 'valibot';
import { Bytes, method } from '../../guest-agent/protocol/index.ts';

export const MachineSettings = v.object({
  cpus: v.number(),
  memoryBytes: Bytes,
  /** Size of the data disk; it may grow, never shrink. */
  diskBytes: Bytes,
  /** Empty: chosen by probe. */
  accelerator: v.string(),
  /** Host folders that containers may mount with `-v`, absolute. */
  shares: v.array(v.object({ path: v.string(), readOnly: v.boolean() })),
});
export type MachineSettings = v.InferOutput<typeof MachineSettings>;

export const engineStages = ['image', 'vm', 'kernel', 'agent', 'shares', 'ready'] as const;

/** A state carries what exists only then. */
export const EngineState = v.variant('status', [
  v.object({ status: v.literal('stopped') }),
  v.object({
    status: v.literal('starting'),
    stage: v.picklist(engineStages),
    /** What is being done, a short phrase for people. */
    detail: v.string(),
    sinceMs: v.number(),
  }),
  v.object({
    status: v.literal('running'),
    accelerator: v.string(),
    pid: v.number(),
    bootMs: v.number(),
    startedAt: v.string(),
    kernel: v.string(),
    agentVersion: v.string(),
    /** Set while the agent does not answer (restarting): containers run on. */
    agentLost: v.boolean(),
    warnings: v.array(v.string()),
    /** Why the guest stands still until there is room on this host; calls that need it fail meanwhile. */
    suspended: v.optional(v.string()),
  }),
  v.object({ status: v.literal('stopping') }),
  /** Boot failed or the VM died; nothing runs. The next start clears it. */
  v.object({ status: v.literal('failed'), stage: v.string(), code: v.string(), message: v.string(), hint: v.string() }),
]);
export type EngineState = v.InferOutput<typeof EngineState>;

export const DoctorCheck = v.object({
  name: v.string(),
  status: v.picklist(['ok', 'warning', 'failed']),
  detail: v.string(),
  hint: v.string(),
});
export type DoctorCheck = v.InferOutput<typeof DoctorCheck>;

export const MachineInfo = v.object({
  name: v.string(),
  settings: MachineSettings,
  state: EngineState,
  /** True host bytes of the machine's files. */
  hostBytes: v.number(),
});
export type MachineInfo = v.InferOutput<typeof MachineInfo>;

const Nothing = v.object({});

export const engineMethods = {
  state: method('engine.state', Nothing, EngineState),
  /** Boots when stopped; answers when ready, or fails with the cause of the stage. Progress comes as host events. */
  start: method('engine.start', Nothing, EngineState),
  /** `force` skips the graceful steps. */
  stop: method('engine.stop', v.object({ force: v.boolean() }), Nothing),
  doctor: method('engine.doctor', v.object({ retryAccelerators: v.boolean() }), v.array(DoctorCheck)),
  /** Last lines of the VM's console. */
  console: method('engine.console', v.object({ lines: v.number() }), v.object({ text: v.string() })),
  /** A process of the guest over the transport, for `berth ssh`. The stream carries stdio frames. */
  shell: method(
    'engine.shell',
    v.object({ argv: v.array(v.string()), tty: v.boolean(), rows: v.number(), columns: v.number() }),
    v.object({ stream: v.string() }),
  ),
  /** A signal, by its name, to the process of a shell's stream. */
  signalShell: method('engine.signalShell', v.object({ stream: v.string(), signal: v.string() }), Nothing),
};

export const machineMethods = {
  list: method('machine.list', Nothing, v.array(MachineInfo)),
  /** Settings that are given are changed (a running machine takes them at its next start). */
  set: method(
    'machine.set',
    v.object({
      cpus: v.optional(v.number()),
      memoryBytes: v.optional(Bytes),
      diskBytes: v.optional(Bytes),
      accelerator: v.optional(v.string()),
      shares: v.optional(v.array(v.object({ path: v.string(), readOnly: v.boolean() }))),
    }),
    MachineSettings,
  ),
  /** Stops it and removes its disk and settings; images stay. */
  remove: method('machine.remove', v.object({ name: v.string() }), Nothing),
};
