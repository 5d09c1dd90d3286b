import type { ControlClient } from '../../control/client.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { Context } from '../context.ts';
import { anyNumber, type CommandSpec, type Input } from '../command/spec.ts';
import { usageError, badOptionExit } from '../command/usage-error.ts';
import { exitCode } from '../exit-code.ts';
import { checkTerminal, joinContainer, sessionOptions, wantedStreams } from '../run/attached.ts';
import { guardInterrupt } from '../run/interrupt.ts';
import { makeContainer, readRun } from '../run/make.ts';
import { runOptions } from '../run/options.ts';
import { detachKeysOption, quietStart, sigProxyOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: 'IMAGE [COMMAND] [ARG...]',
  description:
    'Makes a container from an image and runs it: the terminal or pipes of this command are its own, and its exit code\n' +
    'is passed on. The engine is started when it does not run. A container that cannot be started is removed again.',
  options: [
    { name: 'detach', short: 'd', help: 'Leave it running and print its id' },
    { name: 'explain', help: 'Print every kernel operation and its reason; make nothing' },
    { name: 'json', help: 'With --explain: as JSON' },
    ...runOptions,
    detachKeysOption,
    sigProxyOption,
    quietStart,
  ],
  examples: [
    { line: 'berth run --rm busybox echo hello', does: 'Run one command' },
    { line: 'berth run -it --rm busybox sh', does: 'A shell; ctrl-p ctrl-q leaves it running' },
    { line: 'berth run -d --name web -p 8080:80 busybox httpd -f', does: 'A server on http://localhost:8080' },
    { line: 'berth run --rm -v ./src:/src:ro -w /src busybox ls', does: 'A host folder inside' },
    { line: 'berth run --rm --memory 64m --cpus 0.5 busybox true', does: 'With limits' },
    { line: 'berth run --explain busybox true', does: 'What the kernel would be asked to do' },
  ],
  args: [1, anyNumber],
  stopAtArgument: true,
  completeArgument: 'image',
  failureExit: exitCode.berth,
  async run(context, input) {
    const { options } = input;
    if (options.flag('explain')) {
      const { explain } = await import('../run/explain.ts');
      return explain(context, input);
    }
    const detached = options.flag('detach');
    if (detached && options.has('attach'))
      throw usageError('--detach and --attach contradict each other', 'Leave one of them out.', badOptionExit);
    const config = readRun(context, input, detached);
    if (detached) return runDetached(context, input, config);
    return runAttached(context, input, config);
  },
};

async function runDetached(context: Context, input: Input, config: RunConfig): Promise<number> {
  const client = await context.connect('engine', input.options.flag('quiet'));
  using interrupt = guardInterrupt();
  const { signal } = interrupt;
  const id = await makeContainer(context, client, input, { config, signal, freePorts: true });
  await startOrRemove(client, { id, attach: false }, signal);
  context.print(id);
  return 0;
}

async function runAttached(context: Context, input: Input, config: RunConfig): Promise<number> {
  const { options } = input;
  const wanted = wantedStreams(options.list('attach'), config.openStdin);
  checkTerminal(wanted, config.tty);
  const session = sessionOptions(options, wanted, config.tty);
  const client = await context.connect('engine', options.flag('quiet'));
  const { containers } = client.api;
  using interrupt = guardInterrupt();
  const { signal } = interrupt;
  const id = await makeContainer(context, client, input, { config, signal, freePorts: true });
  const { stream } = await startOrRemove(client, { id, attach: true }, signal);
  const onJoined = () => {
    interrupt[Symbol.dispose]();
    // One that came while the streams were being joined is the process's, as those that come from now on.
    if (signal.aborted) void containers.kill({ id, signal: 'SIGINT' }).catch(() => undefined);
  };
  return await joinContainer(client, id, stream, { ...session, onJoined });
}

/** Nothing is left of a container that could not be started, or whose start was interrupted. */
async function startOrRemove(
  { api: { containers } }: ControlClient,
  wanted: { id: string; attach: boolean },
  signal: AbortSignal,
): Promise<{ stream?: string }> {
  try {
    const started = await containers.start(wanted, signal);
    signal.throwIfAborted();
    return started;
  } catch (error) {
    // Why it did not start is what matters; with --rm it is gone already.
    await containers.remove({ id: wanted.id, force: true, volumes: true }).catch(() => undefined);
    throw error;
  }
}
