/** Asks other name servers, in turn, as a stub resolver does (RFC 1035, 4.2). */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

/** For one server, in milliseconds. */
const patience = 3000;
const port = 53;

/** The first answer of any server, as it came; undefined when none answers. */
export async function askServers(
  servers: readonly string[],
  query: Buffer,
  transport: 'udp' | 'tcp',
): Promise<Buffer | undefined> {
  for (const server of servers.slice(0, 3)) {
    const answer = await (transport === 'udp' ? askByUdp(server, query) : askByTcp(server, query));
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function askByUdp(server: string, query: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    const finish = (answer?: Buffer): void => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(), patience);
    socket.once('error', () => finish());
    socket.on('message', (answer) => {
      if (answer.length > 2 && answer.readUInt16BE(0) === query.readUInt16BE(0)) finish(answer);
    });
    socket.send(query, port, server);
  });
}

function askByTcp(server: string, query: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port });
    const reader = new TcpMessages();
    const finish = (answer?: Buffer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patience, () => finish());
    socket.once('error', () => finish());
    socket.once('close', () => finish());
    socket.on('data', (chunk: Buffer) => {
      const [answer] = reader.push(chunk);
      if (answer !== undefined) finish(answer);
    });
    socket.write(framed(query));
  });
}

/** A message with its length before it, as it travels by TCP. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}

/** Messages out of a stream. */
export class TcpMessages {
  #bytes = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const messages: Buffer[] = [];
    while (this.#bytes.length >= 2 && this.#bytes.length >= 2 + this.#bytes.readUInt16BE(0)) {
      const end = 2 + this.#bytes.readUInt16BE(0);
      messages.push(this.#bytes.subarray(2, end));
      this.#bytes = this.#bytes.subarray(end);
    }
    return messages;
  }
}

/** Addresses of the `nameserver` lines (resolv.conf(5)). */
export function nameServersOf(resolvConf: string): string[] {
  return resolvConf.split('\n').flatMap((line) => {
    const [word, server] = line.trim().split(/\s+/);
    return word === 'nameserver' && server !== undefined ? [server] : [];
  });
}
