/** Connections to monitors. A monitor listens on its own unix socket as long as its process runs. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { EngineError } from '../../protocol/errors.ts';
import type { AttachEnds, ExitRecord, Launched } from '../effects.ts';
import { encodeFrame, FrameReader, monitorFrame, u32, type Frame } from '../frames.ts';

/** @throws the system's error: ENOENT or ECONNREFUSED when nobody listens. */
export function connectUnix(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // A monitor that goes away shows as the end of the stream; there is nothing to add to that.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

async function connectRunning(path: string): Promise<Socket> {
  try {
    return await connectUnix(path);
  } catch (cause) {
    throw new EngineError('wrong-state', 'The process has ended.', { cause });
  }
}

export async function attach(path: string, ends: AttachEnds): Promise<Socket> {
  const socket = await connectRunning(path);
  const flags = (ends.stdin ? 1 : 0) | (ends.stdout ? 2 : 0) | (ends.stderr ? 4 : 0);
  socket.write(encodeFrame(monitorFrame.attach, Buffer.of(flags)));
  return socket;
}

export async function resize(path: string, size: { rows: number; columns: number }): Promise<void> {
  const payload = Buffer.alloc(4);
  payload.writeUInt16LE(size.rows, 0);
  payload.writeUInt16LE(size.columns, 2);
  await sendOne(path, encodeFrame(monitorFrame.resize, payload));
}

export async function signal(path: string, number: number): Promise<void> {
  await sendOne(path, encodeFrame(monitorFrame.signal, u32(number)));
}

async function sendOne(path: string, frame: Buffer): Promise<void> {
  const socket = await connectRunning(path);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.resume().end(frame);
  });
}

/** Calls back with each frame; resolves at the end of the stream. */
export function readFrames(socket: Socket, onFrame: (frame: Frame) => void): Promise<void> {
  const reader = new FrameReader();
  socket.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) onFrame(frame);
  });
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** The record in a monitor's state folder: `code signal nanoseconds dropped-log-bytes`. */
export function readExit(stateDir: string): ExitRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(stateDir, 'exit'), 'utf8');
  } catch {
    return undefined;
  }
  const match = /^(\d+) (\d+) (\d+) \d+\n$/.exec(text);
  if (match?.[3] === undefined) return undefined;
  return { exitCode: Number(match[1]), signal: Number(match[2]), finishedAt: match[3] };
}

/** A watching connection: its first word (ready, started or failed), and the end. */
export interface Watch {
  readonly first: Promise<Frame | undefined>;
  readonly started: Promise<Frame | undefined>;
  readonly exited: Promise<ExitRecord | undefined>;
}

/** Reads what a watcher is told. Undefined: the monitor went away before. */
export function watch(socket: Socket): Watch {
  const first = Promise.withResolvers<Frame | undefined>();
  const started = Promise.withResolvers<Frame | undefined>();
  const exited = Promise.withResolvers<ExitRecord | undefined>();
  const ended = readFrames(socket, (frame) => {
    first.resolve(frame);
    if (frame.kind === monitorFrame.started || frame.kind === monitorFrame.failed) started.resolve(frame);
    if (frame.kind === monitorFrame.exit) exited.resolve(exitOf(frame));
  });
  void ended.then(() => {
    first.resolve(undefined);
    started.resolve(undefined);
    exited.resolve(undefined);
  });
  return { first: first.promise, started: started.promise, exited: exited.promise };
}

/** The monitor has just written its record; the frame's own time differs from it by the way here. */
function exitOf(frame: Frame): ExitRecord {
  return {
    exitCode: frame.payload.readInt32LE(0),
    signal: frame.payload.readInt32LE(4),
    finishedAt: `${Date.now()}000000`,
  };
}

export function launchedBy(socket: Socket, pid: number, exited: Promise<ExitRecord | undefined>): Launched {
  return { pid, exited, release: () => socket.destroy() };
}

export async function adopt(path: string): Promise<Launched | undefined> {
  let socket: Socket;
  try {
    socket = await connectUnix(path);
  } catch {
    return undefined;
  }
  const told = watch(socket);
  socket.write(encodeFrame(monitorFrame.watch));
  const word = await told.first;
  if (word === undefined || (word.kind !== monitorFrame.started && word.kind !== monitorFrame.ready)) {
    socket.destroy();
    return undefined;
  }
  return launchedBy(socket, word.payload.readUInt32LE(0), told.exited);
}
