/** A container's standard streams joined with ours, until it ends or the person leaves. */
import type { ControlClient } from '../../control/client.ts';
import type { Options } from '../command/options.ts';
import { badFlag, usageError, badOptionExit } from '../command/usage-error.ts';
import { defaultDetachKeys, parseDetachKeys } from '../flags/detach-keys.ts';
import type { SessionOptions } from '../terminal/session.ts';

export interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface ContainerSession extends SessionOptions {
  /** Pass signals that we get on to the container. */
  readonly signalProxy: boolean;
}

const streams = ['stdin', 'stdout', 'stderr'] as const;

/** `-a`: absent is standard input if it is kept open, and both outputs. */
export function wantedStreams(attach: readonly string[], interactive: boolean): Wanted {
  const names = attach.map((name) => name.toLowerCase());
  const wrong = names.find((name) => !streams.some((known) => known === name));
  if (wrong !== undefined) throw badFlag('--attach', wrong, 'it is not a stream', 'Use stdin, stdout or stderr.');
  const all = names.length === 0;
  return {
    stdin: interactive && (all || names.includes('stdin')),
    stdout: all || names.includes('stdout'),
    stderr: all || names.includes('stderr'),
  };
}

export function sessionOptions(options: Options, wanted: Wanted, tty: boolean): ContainerSession {
  return {
    tty,
    ...wanted,
    detachKeys: parseDetachKeys(options.text('detach-keys') ?? defaultDetachKeys),
    signalProxy: options.flag('sig-proxy', true),
  };
}

/** A terminal in the container is of no use to a pipe that types into it. */
export function checkTerminal(wanted: Wanted, tty: boolean): void {
  if (!tty || !wanted.stdin || process.stdin.isTTY) return;
  throw usageError(
    'a terminal (-t) was asked for, and standard input is not one',
    'Leave -t out, or -i.',
    badOptionExit,
  );
}

/**
 * As {@link joinStreams}, for a container.
 * @param token undefined: nothing of it is attached, its end is waited for
 */
export async function joinContainer(
  client: ControlClient,
  id: string,
  token: string | undefined,
  session: ContainerSession,
): Promise<number> {
  const { containers } = client.api;
  const wait = async () => (await containers.wait({ id, condition: 'not-running' })).exitCode;
  if (token === undefined) return wait();
  const sendSignal = (signal: string) => containers.kill({ id, signal });
  return joinStreams(client, token, { ...session, ...(session.signalProxy && { sendSignal }) }, wait);
}

/**
 * @param token of the stream
 * @param exitCode asked when the stream ended without telling it
 * @returns the exit code; 0 after detaching
 */
export async function joinStreams(
  client: ControlClient,
  token: string,
  options: SessionOptions,
  exitCode: () => Promise<number>,
): Promise<number> {
  const [{ runSession }, stream] = await Promise.all([import('../terminal/session.ts'), client.openStream(token)]);
  const end = await runSession(stream, options);
  if (end.kind === 'detached') return 0;
  return end.kind === 'exit' ? end.code : exitCode();
}
