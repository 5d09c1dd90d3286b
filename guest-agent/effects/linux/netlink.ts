/** rtnetlink for the agent's own calls: a request with its acknowledgement, and dumps, of any network namespace. */
import { closeSync, openSync } from 'node:fs';
import { failedCall, kernel, type Calls } from './syscalls.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const CLONE_NEWNET = 0x4000_0000;
const SIOCGIFINDEX = 0x8933;

const messageError = 2;
const messageDone = 3;
const headerBytes = 16;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** An open rtnetlink socket; every call is answered before it returns. */
export class Netlink {
  readonly #call: (what: string, work: (calls: Calls) => number) => number;
  readonly #fd: number;

  /** @param pid whose network namespace; the agent's own without it */
  static async open(pid?: number): Promise<Netlink> {
    const { call } = await kernel();
    return new Netlink(call, pid);
  }

  private constructor(call: (what: string, work: (calls: Calls) => number) => number, pid: number | undefined) {
    this.#call = call;
    const open = (): number => call('netlink socket', (calls) => calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
    this.#fd = pid === undefined ? open() : within(call, pid, open);
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(5n, 0);
    const on = Buffer.of(1, 0, 0, 0);
    this.#call('netlink timeout', (calls) => calls.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, timeout, 16));
    this.#call('netlink options', (calls) => calls.setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, on, 4));
  }

  /** @throws EngineError `operation-failed` with the kernel's own sentence */
  request(what: string, message: Uint8Array): void {
    this.#call(`${what}: send`, (calls) => calls.send(this.#fd, message, message.length, 0));
    for (;;) {
      for (const { type, flags, payload } of this.#receive(what)) {
        if (type !== messageError) continue;
        const errno = -payload.readInt32LE(0);
        if (errno === 0) return;
        throw failedCall(what, errno, sentence(flags, payload));
      }
    }
  }

  /** All messages that answer a dump request. */
  dump(what: string, message: Uint8Array): NetlinkMessage[] {
    this.#call(`${what}: send`, (calls) => calls.send(this.#fd, message, message.length, 0));
    const all: NetlinkMessage[] = [];
    for (;;) {
      for (const answer of this.#receive(what)) {
        if (answer.type === messageDone) return all;
        if (answer.type === messageError) throw failedCall(what, -answer.payload.readInt32LE(0));
        all.push(answer);
      }
    }
  }

  /** @throws EngineError `operation-failed` when there is no such interface */
  indexOf(name: string): number {
    const request = Buffer.alloc(40);
    request.write(name, 0, 15, 'utf8');
    this.#call(`interface ${name}`, (calls) => calls.ioctl(this.#fd, SIOCGIFINDEX, request));
    return request.readInt32LE(16);
  }

  close(): void {
    this.#call('close', (calls) => calls.close(this.#fd));
  }

  #receive(what: string): NetlinkMessage[] {
    const buffer = Buffer.alloc(65_536);
    const got = this.#call(`${what}: receive`, (calls) => calls.recv(this.#fd, buffer, buffer.length, 0));
    return parseMessages(buffer.subarray(0, got));
  }
}

/** Runs a synchronous piece of work in the network namespace of a process: the main thread's alone, and back before anything else runs. */
export function within(
  call: (what: string, work: (calls: Calls) => number) => number,
  pid: number,
  work: () => number,
): number {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(`/proc/${pid}/ns/net`, 'r');
  try {
    call(`entering the network namespace of ${pid}`, (calls) => calls.setns(there, CLONE_NEWNET));
    try {
      return work();
    } finally {
      call('returning to the network namespace', (calls) => calls.setns(home, CLONE_NEWNET));
    }
  } finally {
    closeSync(home);
    closeSync(there);
  }
}

export function parseMessages(bytes: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerBytes <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    if (length < headerBytes || at + length > bytes.length) break;
    const [type, flags] = [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
    messages.push({ type, flags, payload: bytes.subarray(at + headerBytes, at + length) });
    at += (length + 3) & ~3;
  }
  return messages;
}

/** Attributes by type (the low 14 bits); a later one of the same type wins. */
export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/** NLMSGERR_ATTR_MSG follows the request, or its header when that was capped. */
function sentence(flags: number, payload: Buffer): string {
  const [capped, hasAttributes] = [(flags & 0x100) !== 0, (flags & 0x200) !== 0];
  if (!hasAttributes) return '';
  const request = capped ? headerBytes : (payload.readUInt32LE(4) + 3) & ~3;
  return (
    parseAttributes(payload.subarray(4 + request))
      .get(1)
      ?.toString('utf8')
      .replace(/\0$/, '') ?? ''
  );
}
