/** Sockets in another network namespace: a socket belongs to the one in which it was made, whoever uses it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { addressBytes, parseAddress } from '../../plan/cidr.ts';
import type { NameSockets } from '../effects.ts';
import { within } from './netlink.ts';
import { kernel, type Calls } from './syscalls.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** struct sockaddr_in (ip(7)). */
function socketAddress(ipv4: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(addressBytes(parseAddress(ipv4)), 4);
  return bytes;
}

/** @throws EngineError `operation-failed`; the system's ENOENT when the process has ended */
export async function listenIn(pid: number, ipv4: string, port: number): Promise<NameSockets> {
  const { call } = await kernel();
  const address = socketAddress(ipv4, port);
  const bound = (type: number): number => {
    const fd = call('socket', (calls: Calls) => calls.socket(AF_INET, type | SOCK_CLOEXEC, 0));
    try {
      call('setsockopt', (calls) => calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Buffer.of(1, 0, 0, 0), 4));
      call(`bind ${ipv4}:${port}`, (calls) => calls.bind(fd, address, address.length));
    } catch (error) {
      call('close', (calls) => calls.close(fd));
      throw error;
    }
    return fd;
  };
  const udp = createSocket('udp4');
  const tcp = createServer({ allowHalfOpen: true });
  // A descriptor is taken over at once: who asks afterwards has missed it.
  const listening = Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  try {
    udp.bind({ fd: within(call, pid, () => bound(SOCK_DGRAM)) });
    tcp.listen({ fd: within(call, pid, () => bound(SOCK_STREAM)) });
  } catch (error) {
    udp.close();
    throw error;
  }
  await listening;
  return { udp, tcp };
}
