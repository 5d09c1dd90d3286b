/** Shares by virtio-fs: a virtiofsd per shared folder, which ends when the VM disconnects. */
import { open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines } from '../base/bounded-file.ts';
import { asError, pollUntil, withDeadline } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import { endProcess, startProcess, type RunningProcess } from '../base/process.ts';
import { livePid, writePidFile } from '../base/process-identity.ts';
import { openFilesLimit, openFilesWarning } from './open-files.ts';
import type { GuestMount, Share, ShareDevice, ShareDriver, ShareServer } from './share-driver.ts';
import { sandboxes, virtiofsdArgs, type Sandbox } from './virtiofsd-args.ts';
import type { VirtiofsdProgram } from './virtiofsd-program.ts';

export interface VirtiofsOptions {
  readonly program: VirtiofsdProgram;
  /** The machine's folder for sockets and pid files. */
  readonly runtimeDir: string;
  /** Whose files they are. */
  readonly uid: number;
  readonly gid: number;
  readonly log: Log;
}

const START_LIMIT = 10_000;
const END_PATIENCE = 2000;

export class VirtiofsDriver implements ShareDriver {
  readonly kind = 'virtiofs';
  readonly #options: VirtiofsOptions;

  constructor(options: VirtiofsOptions) {
    this.#options = options;
  }

  device({ tag }: Share): ShareDevice {
    return { kind: 'vhost-user-fs', tag, socketPath: this.#file(tag, 'sock') };
  }

  guestMount({ tag, readOnly }: Share): GuestMount {
    return { type: 'virtiofs', source: tag, options: readOnly ? 'ro' : '' };
  }

  /**
   * @throws EngineError `no-such-path` or `permission-denied` for the folder itself, `operation-failed` with
   * virtiofsd's words.
   */
  readonly start = async (share: Share, signal?: AbortSignal): Promise<ShareServer> => {
    await requireFolder(share.hostPath);
    await this.#endLeftOver(share.tag);
    let failure: Error | undefined;
    for (const sandbox of sandboxes(this.#options.uid)) {
      try {
        return await this.#serve(share, sandbox, signal);
      } catch (error) {
        signal?.throwIfAborted();
        failure = asError(error);
        this.#options.log.warn({ share: share.hostPath, sandbox, err: failure }, 'virtiofsd did not start');
      }
    }
    throw failure ?? new EngineError('internal', 'No sandbox was tried.');
  };

  async #serve(share: Share, sandbox: Sandbox, signal?: AbortSignal): Promise<ShareServer> {
    const { program, uid, gid } = this.#options;
    const socketPath = this.#file(share.tag, 'sock');
    const messages = this.#file(share.tag, 'log');
    await Promise.all(this.#sockets(share.tag).map(remove));
    const args = virtiofsdArgs({ ...share, socketPath, uid, gid, sandbox });
    await using output = await open(messages, 'w', 0o600);
    const stdio = ['ignore', output.fd, output.fd] as const;
    const server = await startProcess(program.command, [...program.prefix, ...args], { stdio: [...stdio] });
    try {
      await writePidFile(this.#file(share.tag, 'pid'), server.pid, 'linux');
      await listening(server, socketPath, signal);
    } catch (error) {
      await endProcess(server.pid, 'linux', 0);
      await rm(this.#file(share.tag, 'pid'), { force: true });
      const said = lastLines(messages, 8);
      if (said === '') throw error;
      throw new EngineError('operation-failed', `Sharing ${share.hostPath} failed: ${said}`, { cause: error });
    }
    const limits = await readFile(`/proc/${server.pid}/limits`, 'utf8').catch(() => '');
    const warning = openFilesWarning(share.hostPath, openFilesLimit(limits));
    return { ...this.#running(share, server, messages), ...(warning !== undefined && { warning }) };
  }

  #running(share: Share, server: RunningProcess, messages: string): ShareServer {
    let asked = false;
    const exited = server.exited.then(async ({ code, signal }) => {
      await Promise.all([...this.#sockets(share.tag), this.#file(share.tag, 'pid')].map(remove));
      if (asked || code === 0) return {};
      const how = signal ?? `status ${code ?? 'unknown'}`;
      const message = `The server of the shared folder ${share.hostPath} ended (${how}): ${lastLines(messages, 8)}`;
      return { error: new EngineError('operation-failed', message, { hint: 'Run "berth restart".' }) };
    });
    const stop = async () => {
      asked = true;
      await endProcess(server.pid, 'linux', END_PATIENCE);
      await exited;
    };
    return { pid: server.pid, exited, stop };
  }

  /** One that a crashed host service left waiting for a VM that never came. */
  async #endLeftOver(tag: string): Promise<void> {
    const pid = await livePid(this.#file(tag, 'pid'), 'linux');
    if (pid !== undefined) await endProcess(pid, 'linux', END_PATIENCE);
  }

  /** One that was killed leaves both. */
  #sockets(tag: string): string[] {
    return ['sock', 'sock.pid'].map((ending) => this.#file(tag, ending));
  }

  #file(tag: string, ending: string): string {
    return join(this.#options.runtimeDir, `${tag}.${ending}`);
  }
}

function remove(path: string): Promise<void> {
  return rm(path, { force: true });
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new EngineError('no-such-path', `The folder ${path} cannot be shared: it is not there.`, {
      hint: 'Make it, or take it out of the shared folders.',
      cause,
    });
  });
  if (!found.isDirectory())
    throw new EngineError('no-such-path', `${path} cannot be shared: it is not a folder.`, {
      hint: 'Share the folder that it is in.',
    });
}

async function listening(server: RunningProcess, socketPath: string, signal?: AbortSignal): Promise<void> {
  const there = async () => (await stat(socketPath).catch(() => undefined))?.isSocket() === true || undefined;
  const died = server.exited.then(() => {
    throw new EngineError('operation-failed', 'virtiofsd ended at once.');
  });
  const wait = (over: AbortSignal) => Promise.race([pollUntil(there, 10, over), died]);
  await withDeadline('Starting virtiofsd', START_LIMIT, wait, signal);
}
