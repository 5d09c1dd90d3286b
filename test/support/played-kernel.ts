/** The kernel as the agent's tests play it: a program is what its argv[0] says. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { fileDigests } from '../../app/content/layer/file-digests.ts';
import type { Effects, ExitRecord, FileCopy, Launched, NameSockets } from '../../guest-agent/effects/effects.ts';
import type { Queries } from '../../guest-agent/effects/queries.ts';
import type { LaunchPlan, Op } from '../../guest-agent/plan/op.ts';
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import { frameKind } from '../../guest-agent/protocol/stream-format.ts';
import { nowNano } from '../../guest-agent/services/clock.ts';
import { encodeRecord } from '../../guest-agent/services/log-records.ts';

export interface PlayedProcess {
  readonly plan: LaunchPlan;
  readonly pid: number;
  readonly end: (exitCode: number, signal?: number) => void;
  readonly print: (text: string) => void;
  ended: boolean;
}

/** Programs: `true`, `false`, `echo …`, `sleep`, `stubborn` (takes only SIGKILL), `missing` (not found), `fails` (mount refused). */
export class PlayedKernel implements Effects {
  readonly running = new Map<string, PlayedProcess>();
  readonly applied: Op[] = [];
  readonly unmounted: string[] = [];
  readonly plans: LaunchPlan[] = [];
  /** Those of them that were for the network namespace of a process. */
  readonly appliedIn: { readonly pid: number; readonly op: Op }[] = [];
  /** Bytes of a file after which a copy fails. */
  copies = Number.POSITIVE_INFINITY;
  readonly rulesets: string[] = [];
  readonly nameSockets = new Map<number, NameSockets>();
  /** Of every process, and of both protocols. */
  answers: Pick<{ [K in keyof Queries]: Queries[K]['answer'] }, 'interfaces' | 'listeners' | 'portRules' | 'cgroup'> = {
    ...{ interfaces: [], listeners: [], portRules: [], cgroup: { files: {}, keyed: {}, pressure: {}, io: {} } },
  };
  readonly #exits = new Map<string, PromiseWithResolvers<ExitRecord | undefined>>();
  readonly #attached = new Map<string, Duplex[]>();
  #pid = 1000;

  async launch(plan: LaunchPlan, onReady?: (pid: number) => void): Promise<Launched> {
    this.plans.push(plan);
    for (const op of plan.before) if (op.op === 'mkdir') mkdirSync(op.path, { recursive: true });
    const [program, ...words] = plan.exec.argv;
    const { socket } = plan.monitor;
    if (program === 'fails')
      throw new EngineError('operation-failed', 'Starting failed at mount.', {
        data: { op: 'mount', index: 3, errno: 1 },
      });
    const exits = Promise.withResolvers<ExitRecord | undefined>();
    this.#exits.set(socket, exits);
    this.#attached.set(socket, []);
    const process = this.#process(plan);
    this.running.set(socket, process);
    if (plan.monitor.holdForAttach) {
      onReady?.(process.pid);
      while (this.#attached.get(socket)?.length === 0) await new Promise(setImmediate);
    }
    if (program === 'missing') {
      this.running.delete(socket);
      throw new EngineError('command-not-found', 'There is no command missing.', { hint: 'Check its spelling.' });
    }
    play(process, program, words);
    return { pid: process.pid, exited: exits.promise, release: () => undefined };
  }

  adopt(socket: string): Promise<Launched | undefined> {
    const process = this.running.get(socket);
    const exits = this.#exits.get(socket);
    if (process === undefined || exits === undefined || process.ended) return Promise.resolve(undefined);
    return Promise.resolve({ pid: process.pid, exited: exits.promise, release: () => undefined });
  }

  attach(socket: string): Promise<Duplex> {
    const attached = this.#attached.get(socket);
    if (attached === undefined || this.running.get(socket)?.ended !== false)
      return Promise.reject(new EngineError('wrong-state', 'The process has ended.'));
    const [near, far] = duplexPair();
    far.resume();
    attached.push(far);
    return Promise.resolve(near);
  }

  resize(): Promise<void> {
    return Promise.resolve();
  }

  signal(socket: string, signal: number): Promise<void> {
    const process = this.running.get(socket);
    if (process === undefined || process.ended)
      return Promise.reject(new EngineError('wrong-state', 'The process has ended.'));
    if (signal === 9 || process.plan.exec.argv[0] !== 'stubborn') process.end(128 + signal, signal);
    return Promise.resolve();
  }

  readExit(stateDir: string): ExitRecord | undefined {
    const path = join(stateDir, 'exit');
    if (!existsSync(path)) return undefined;
    const [exitCode, signal, finishedAt = '0'] = readFileSync(path, 'utf8').split(' ');
    return { exitCode: Number(exitCode), signal: Number(signal), finishedAt };
  }

  apply(ops: readonly Op[], inNetworkOf?: number): Promise<void> {
    this.applied.push(...ops);
    if (inNetworkOf !== undefined) this.appliedIn.push(...ops.map((op) => ({ pid: inNetworkOf, op })));
    for (const op of ops) if (op.op === 'mkdir') mkdirSync(op.path, { recursive: true });
    return Promise.resolve();
  }

  /** At any port of ours, kept in `nameSockets` by pid. */
  async listenIn(pid: number): Promise<NameSockets> {
    const sockets = { udp: createSocket('udp4'), tcp: createServer({ allowHalfOpen: true }) };
    this.nameSockets.set(pid, sockets);
    sockets.udp.bind(0, '127.0.0.1');
    sockets.tcp.listen(0, '127.0.0.1');
    await Promise.all([once(sockets.udp, 'listening'), once(sockets.tcp, 'listening')]);
    return sockets;
  }

  unmount(target: string): Promise<void> {
    this.unmounted.push(target);
    return Promise.resolve();
  }

  removeCgroup(path: string): Promise<void> {
    rmSync(path, { recursive: true, force: true });
    return Promise.resolve();
  }

  removeEmptyCgroup(path: string): Promise<void> {
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
    return Promise.resolve();
  }

  nft(ruleset: string, inNetworkOf?: number): Promise<void> {
    if (inNetworkOf === undefined) this.rulesets.push(ruleset);
    return Promise.resolve();
  }

  copyTree(from: string, to: string): Promise<void> {
    return cp(from, to, { recursive: true });
  }

  /** Not played: a test connects to where the relay would. */
  relayUnix(): Promise<void> {
    return Promise.resolve();
  }

  async copyFile({ source, target, sizeBytes }: FileCopy): Promise<string> {
    const here = existsSync(target) ? readFileSync(target) : Buffer.of();
    const from = readFileSync(source).subarray(here.length, Math.min(sizeBytes, this.copies));
    writeFileSync(target, from, { flag: 'a' });
    if (here.length + from.length < sizeBytes) throw new EngineError('operation-failed', `${source} is too short.`);
    return (await fileDigests(target)).checksum;
  }

  read<K extends keyof Queries>(kind: K): Promise<Queries[K]['answer']> {
    const played: Partial<{ [Q in keyof Queries]: Queries[Q]['answer'] }> = this.answers;
    const answer = played[kind];
    if (answer !== undefined) return Promise.resolve(answer);
    return Promise.reject(new EngineError('unsupported', `${kind} is not played.`));
  }

  #process(plan: LaunchPlan): PlayedProcess {
    const { socket, stateDir, logPath } = plan.monitor;
    const attached = (): Duplex[] => this.#attached.get(socket) ?? [];
    const process: PlayedProcess = {
      plan,
      pid: (this.#pid += 1),
      ended: false,
      print: (text) => {
        const bytes = Buffer.from(text);
        if (logPath !== '')
          writeFileSync(logPath, encodeRecord({ kind: frameKind.stdout, time: BigInt(nowNano()), bytes }), {
            flag: 'a',
          });
        for (const stream of attached()) stream.write(frame(frameKind.stdout, bytes));
      },
      end: (exitCode, signal = 0) => {
        process.ended = true;
        const finishedAt = nowNano();
        // As for a monitor whose folder is gone.
        if (existsSync(stateDir)) writeFileSync(join(stateDir, 'exit'), `${exitCode} ${signal} ${finishedAt} 0\n`);
        const payload = Buffer.alloc(8);
        payload.writeInt32LE(exitCode, 0);
        payload.writeInt32LE(signal, 4);
        for (const stream of attached()) stream.end(frame(frameKind.exit, payload));
        this.#exits.get(socket)?.resolve({ exitCode, signal, finishedAt });
      },
    };
    return process;
  }
}

function frame(kind: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(kind, 0);
  header.writeUInt32LE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

function play(process: PlayedProcess, program: string | undefined, words: readonly string[]): void {
  if (program === 'echo') process.print(`${words.join(' ')}\n`);
  if (program === 'true' || program === 'echo') process.end(0);
  if (program === 'false') process.end(1);
}
