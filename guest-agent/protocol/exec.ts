/** Further processes in a running container. */
import * as v from 'valibot';
import { method } from './method.ts';
import { TerminalSize } from './container-spec.ts';
import { StreamToken } from './stream.ts';

export const ExecSpec = v.object({
  container: v.string(),
  argv: v.pipe(v.array(v.string()), v.minLength(1)),
  env: v.array(v.string()),
  /** Empty: the container's own. */
  workdir: v.string(),
  user: v.string(),
  tty: v.boolean(),
  openStdin: v.boolean(),
  /** False: whoever starts it does not want to see it. Absent: true. */
  attachStdout: v.optional(v.boolean()),
  attachStderr: v.optional(v.boolean()),
  privileged: v.boolean(),
  /** Of the terminal at first, until somebody resizes it. */
  consoleSize: v.optional(TerminalSize),
  /** Docker's words for the keys that let go of it; absent: the usual ones. The front door watches for them. */
  detachKeys: v.optional(v.string()),
});
export type ExecSpec = v.InferOutput<typeof ExecSpec>;

export const ExecInfo = v.object({
  id: v.string(),
  container: v.string(),
  spec: ExecSpec,
  /** Pid in the guest while it runs. */
  pid: v.optional(v.number()),
  running: v.boolean(),
  exitCode: v.optional(v.number()),
});
export type ExecInfo = v.InferOutput<typeof ExecInfo>;

export const execMethods = {
  create: method('exec.create', ExecSpec, v.object({ id: v.string() })),
  /** Not attached (`attach: false`): runs on without a stream. A size goes before that of its creation. */
  start: method(
    'exec.start',
    v.object({ id: v.string(), attach: v.boolean(), consoleSize: v.optional(TerminalSize) }),
    v.object({ stream: v.optional(StreamToken) }),
  ),
  resize: method('exec.resize', v.object({ id: v.string(), rows: v.number(), columns: v.number() }), v.object({})),
  /** A signal to one that runs, or to a process of `guest.unshare`. */
  kill: method('exec.kill', v.object({ id: v.string(), signal: v.string() }), v.object({})),
  inspect: method('exec.inspect', v.object({ id: v.string() }), ExecInfo),
  wait: method('exec.wait', v.object({ id: v.string() }), v.object({ exitCode: v.number() })),
};
