/**
 * What the agent does to the kernel, and what it reads from it: the one seam below the services. `linux/` carries it out;
 * test/support has a recording double. An operation that a container's plan holds is not done here but by the launcher.
 */
import type { Socket as UdpSocket } from 'node:dgram';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LaunchPlan, Op } from '../plan/op.ts';
import type { Queries } from './queries.ts';

export interface ExitRecord {
  /** 128 + n when ended by signal n. */
  readonly exitCode: number;
  /** 0: it ended by itself. */
  readonly signal: number;
  /** Nanoseconds since the epoch, decimal. */
  readonly finishedAt: string;
}

/** A process that runs under a monitor. */
export interface Launched {
  /** In the guest. */
  readonly pid: number;
  /** Resolves with the record when the process has ended, with undefined when the monitor is gone without a word. */
  readonly exited: Promise<ExitRecord | undefined>;
  /** Lets go of the monitor, which goes on. */
  readonly release: () => void;
}

/** Which ends of the process's stdio a stream is attached to. */
export interface AttachEnds {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Processes under monitors: containers and execs. A monitor is known by the path of its socket. */
export interface Processes {
  /**
   * Resolves when the program runs. With `monitor.holdForAttach`, `onReady` is called with the process's pid when everything
   * is prepared; the program then starts with the first attach, or after 30 s.
   * @throws EngineError `command-not-found`, `command-not-executable`, `operation-failed` (data: section, index, op, errno,
   * errnoName); nothing runs then, nothing is left.
   */
  launch(plan: LaunchPlan, onReady?: (pid: number) => void): Promise<Launched>;
  /** Finds a running process by its monitor's socket; undefined when nobody listens there. */
  adopt(socket: string): Promise<Launched | undefined>;
  /** Stdio frames (protocol/stream-format.ts) of a running process. @throws EngineError `wrong-state` when it has ended */
  attach(socket: string, ends: AttachEnds): Promise<Duplex>;
  /** Sends one resize frame. @throws EngineError `wrong-state` */
  resize(socket: string, size: { rows: number; columns: number }): Promise<void>;
  /** To the first process, through its pidfd: never to another process that got its number. @throws EngineError `wrong-state` */
  signal(socket: string, signal: number): Promise<void>;
  /** The record that the monitor left in its state folder; undefined when there is none. */
  readExit(stateDir: string): ExitRecord | undefined;
}

/** What of a file is missing in another. */
export interface FileCopy {
  readonly source: string;
  /** What is in it already is kept as it is. */
  readonly target: string;
  /** Of the whole. */
  readonly sizeBytes: number;
}

export interface NameSockets {
  readonly udp: UdpSocket;
  readonly tcp: Server;
}

/** The agent's own calls. */
export interface KernelCalls {
  /**
   * Performs operations in the agent itself, in order: mkdir, makeDirs, write, createFile, symlink, chown, mount, netlink.
   * @param inNetworkOf a process in whose network namespace netlink messages are sent; the agent's own without it
   * @throws EngineError `operation-failed`; `unsupported` for an operation that only the launcher can do
   */
  apply(ops: readonly Op[], inNetworkOf?: number): Promise<void>;
  /** Detaches what is mounted at the path; nothing when nothing is. */
  unmount(path: string): Promise<void>;
  /** Ends the processes of a cgroup and of those below, and removes them. @throws EngineError `timeout` when some stay. */
  removeCgroup(path: string): Promise<void>;
  /** Removes a cgroup at once, unless there is something in it. */
  removeEmptyCgroup(path: string): Promise<void>;
  /** A ruleset in nft(8)'s language, applied as one transaction; in the network namespace of a process, or the agent's own. */
  nft(ruleset: string, inNetworkOf?: number): Promise<void>;
  /** Sockets of ours on an IPv4 address and port of the network namespace of a process. @throws EngineError `operation-failed` */
  listenIn(pid: number, ipv4: string, port: number): Promise<NameSockets>;
  /**
   * Copies what is in a folder into another one, which gets its owner, mode and times: all as it is, with extended
   * attributes, hard links and devices.
   * @throws EngineError `disk-full`, `operation-failed`; a part may have been copied then
   */
  copyTree(from: string, to: string): Promise<void>;
  /**
   * Carries connections on the first unix socket, of root and its group, to the second, from now on and after the agent's
   * end; nothing when that is done already. @throws EngineError `operation-failed`
   */
  relayUnix(from: string, to: string): Promise<void>;
  /**
   * Appends and syncs. Resolves with the XXH64 of the whole target, in 16 hexadecimal digits; an abort ends it at once.
   * @throws EngineError `disk-full`, `operation-failed` (the source cannot be read, or is too short), `cancelled`
   */
  copyFile(copy: FileCopy, signal: AbortSignal): Promise<string>;
  read<K extends keyof Queries>(kind: K, query: Queries[K]['query']): Promise<Queries[K]['answer']>;
}

export type Effects = Processes & KernelCalls;
