/**
 * A played kernel with the real archiver: it works on a container's writable folder, in no namespace. What depends on mounts
 * and ids is for the tests of the launcher.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { duplexPair, type Duplex } from 'node:stream';
import type { ExitRecord, Launched } from '../../guest-agent/effects/effects.ts';
import { encodeFrame, FrameReader } from '../../guest-agent/effects/frames.ts';
import type { LaunchPlan } from '../../guest-agent/plan/op.ts';
import { frameKind } from '../../guest-agent/protocol/stream-format.ts';
import { buildLauncher, launcherPath } from '../../scripts/build/launcher.ts';
import { PlayedKernel } from './played-kernel.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';

export class ArchivingKernel extends PlayedKernel {
  readonly #archivers = new Map<string, { start: () => Duplex; child?: ChildProcessWithoutNullStreams }>();
  /** Archivers that have run, by their verbs. */
  readonly verbs: string[] = [];

  static async create(): Promise<ArchivingKernel> {
    await buildLauncher(arch);
    return new ArchivingKernel();
  }

  override async launch(plan: LaunchPlan, onReady?: (pid: number) => void): Promise<Launched> {
    const [program, verb = '', path = '', ...rest] = plan.exec.argv;
    if (program !== 'berth-archive') return super.launch(plan, onReady);
    this.verbs.push(verb);
    const upper = this.#upperOf(plan);
    mkdirSync(upper, { recursive: true });
    mkdirSync(join(upper, '../lower'), { recursive: true });
    const folders = verb === 'compare' ? [upper, join(upper, '../lower'), ...rest.slice(1)] : undefined;
    const argv = folders ?? (verb === 'layer' ? [upper, ...rest] : [`${upper}${path}`, ...rest]);
    const exits = Promise.withResolvers<ExitRecord>();
    const ready = Promise.withResolvers<undefined>();
    const start = (): Duplex => {
      const child = spawn(launcherPath(arch), [verb, ...argv], { argv0: 'berth-archive' });
      this.#archivers.set(plan.monitor.socket, { start, child });
      ready.resolve(undefined);
      return framed(child, (exitCode) => exits.resolve({ exitCode, signal: 0, finishedAt: '1' }));
    };
    this.#archivers.set(plan.monitor.socket, { start });
    onReady?.(1);
    await ready.promise;
    return { pid: 1, exited: exits.promise, release: () => undefined };
  }

  override attach(socket: string): Promise<Duplex> {
    const archiver = this.#archivers.get(socket);
    return archiver === undefined ? super.attach(socket) : Promise.resolve(archiver.start());
  }

  override signal(socket: string, signal: number): Promise<void> {
    const archiver = this.#archivers.get(socket);
    if (archiver === undefined) return super.signal(socket, signal);
    archiver.child?.kill(signal);
    return Promise.resolve();
  }

  /** Of the plan's own container, or of the one that it joins. */
  #upperOf(plan: LaunchPlan): string {
    const [join] = plan.join;
    const joined = [...this.running.values()].find(
      ({ pid }) => join !== undefined && 'pid' in join && pid === join.pid,
    );
    const ops = (joined?.plan ?? plan).before;
    const found = ops.find((op) => op.op === 'mkdir' && op.path.endsWith('/rw/upper'));
    if (found?.op !== 'mkdir') throw new Error('the plan has no writable folder');
    return found.path;
  }
}

/** Stdio frames of a child, as a monitor gives them. */
function framed(child: ChildProcessWithoutNullStreams, onExit: (code: number) => void): Duplex {
  const [near, far] = duplexPair();
  const reader = new FrameReader();
  child.stdin.on('error', () => undefined);
  far.on('data', (chunk: Buffer) => {
    for (const { payload } of reader.push(chunk)) {
      if (payload.length === 0) child.stdin.end();
      else child.stdin.write(payload);
    }
  });
  far.on('error', () => undefined);
  // A client that leaves takes the program's input with it, and no longer holds up its output: else it would never close.
  for (const event of ['end', 'close']) far.once(event, () => child.stdin.end());
  near.once('close', () => child.stdout.removeAllListeners('data').resume());
  near.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    if (far.write(encodeFrame(frameKind.stdout, chunk))) return;
    child.stdout.pause();
    far.once('drain', () => child.stdout.resume());
  });
  child.stderr.on('data', (chunk: Buffer) => far.write(encodeFrame(frameKind.stderr, chunk)));
  child.once('close', (code) => {
    const payload = Buffer.alloc(8);
    payload.writeInt32LE(code ?? 137, 0);
    far.end(encodeFrame(frameKind.exit, payload));
    onExit(code ?? 137);
  });
  return near;
}
