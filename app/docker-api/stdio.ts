/** Between our stdio frames and Docker's: raw bytes with a terminal, else frames of 8 bytes and payload. */
import { once } from 'node:events';
import type { Duplex, Writable } from 'node:stream';
import { frameKind } from '../../guest-agent/protocol/index.ts';
import { DetachFilter } from '../contract/detach-filter.ts';
import { FrameDecoder, closeStdinFrame, stdinFrames } from '../contract/index.ts';

export interface StdioOptions {
  readonly tty: boolean;
  /** Bytes without frames: with a terminal, and for websockets. */
  readonly raw: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Close the process's stdin when the client has ended its side. */
  readonly closeStdin: boolean;
  /** Empty: none. Watched with a terminal alone, as Docker does. */
  readonly detachKeys: Uint8Array;
  /** The client has left by those keys. */
  readonly onDetach?: () => void;
}

/** Joins a process with a client until either is over; never rejects. */
export async function joinStdio(guest: Duplex, client: Duplex, options: StdioOptions): Promise<void> {
  for (const stream of [guest, client]) stream.on('error', () => undefined);
  client.once('close', () => guest.destroy());
  forwardInput(guest, client, options);
  try {
    await copyOutput(guest, client, options);
  } catch {
    // The other side broke off: nobody is left to be told.
  }
  guest.destroy();
  if (!client.destroyed) client.end();
}

async function copyOutput(guest: Duplex, client: Writable, options: StdioOptions): Promise<void> {
  const decoder = new FrameDecoder();
  for await (const chunk of guest as AsyncIterable<Buffer>)
    for (const { kind, payload } of decoder.push(chunk)) {
      if (kind === frameKind.exit) return;
      const wanted = kind === frameKind.stderr ? options.stderr : options.stdout;
      if (!wanted || client.destroyed) continue;
      await write(client, options.raw ? payload : dockerFrame(kind === frameKind.stderr ? 2 : 1, payload));
    }
}

/** @param stream 1 for stdout, 2 for stderr */
export function dockerFrame(stream: 1 | 2, payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(8 + payload.length);
  frame[0] = stream;
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, 8);
  return frame;
}

/** Resolves when there is room for more, or nobody to write to. */
export async function write(target: Writable, bytes: Uint8Array): Promise<void> {
  if (target.write(bytes) || target.destroyed) return;
  const over = new AbortController();
  try {
    await Promise.race([once(target, 'drain', over), once(target, 'close', over)]);
  } catch {
    // It broke: the next look at it tells.
  } finally {
    over.abort();
  }
}

function forwardInput(guest: Duplex, client: Duplex, options: StdioOptions): void {
  const { tty, stdin, closeStdin, detachKeys, onDetach } = options;
  if (!stdin) {
    // Its end is only seen by reading.
    client.resume();
    return;
  }
  const filter = new DetachFilter(tty ? detachKeys : new Uint8Array());
  client.on('data', (chunk: Buffer) => {
    const { pass, detached } = filter.push(chunk);
    for (const frame of stdinFrames(pass)) if (!guest.write(frame)) client.pause();
    if (!detached) return;
    guest.destroy();
    onDetach?.();
  });
  guest.on('drain', () => client.resume());
  client.once('end', () => {
    if (closeStdin && guest.writable) guest.write(closeStdinFrame());
  });
  // Paused where its request's body was waited for: a listener alone would not set it going again.
  client.resume();
}
