import { once } from 'node:events';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server } from 'node:net';
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import { portHolder } from './port-holder.ts';
import type { Protocol } from './port-plan.ts';

/**
 * Listens on one address and port of the host.
 * @throws EngineError `port-busy` naming the port and, where it can be found, the process that has it;
 * `permission-denied` for a port that this user may not open; `invalid-argument` for an address that is not the host's.
 */
export async function listenOn(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, exclusive: true, ipv6Only: true });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw await listenError(cause, host, { port, protocol: 'tcp' });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Proves by a short trial that the port could be opened now; port 0 yields a free one. */
export async function checkPort(host: string, port: number, protocol: Protocol = 'tcp'): Promise<number> {
  if (protocol === 'udp') return checkUdp(host, port);
  const server = createServer();
  const free = await listenOn(server, host, port);
  server.close();
  await once(server, 'close');
  return free;
}

async function checkUdp(host: string, port: number): Promise<number> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', ipv6Only: isIPv6(host) });
  const free = await bindUdp(socket, host, port);
  socket.close();
  await once(socket, 'close');
  return free;
}

/** Binds to one address and port of the host. @throws EngineError as {@link listenOn} */
export async function bindUdp(socket: UdpSocket, host: string, port: number): Promise<number> {
  socket.bind({ address: host, port, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch (cause) {
    socket.close();
    throw await listenError(cause, host, { port, protocol: 'udp' });
  }
  return socket.address().port;
}

async function listenError(
  cause: unknown,
  host: string,
  { port, protocol }: { port: number; protocol: Protocol },
): Promise<unknown> {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (isErrno(cause, 'EADDRINUSE')) {
    const holder = await portHolder(port, protocol);
    return new EngineError('port-busy', `The port ${place} is in use${holder === undefined ? '' : ` by ${holder}`}.`, {
      hint: 'Choose another host port, or stop what uses it.',
      cause,
      data: { host, port },
    });
  }
  if (isErrno(cause, 'EACCES') || isErrno(cause, 'EPERM'))
    return new EngineError('permission-denied', `This user may not open the port ${place}.`, {
      hint: 'Choose a host port of 1024 or more.',
      cause,
    });
  if (isErrno(cause, 'EADDRNOTAVAIL') || isErrno(cause, 'ENOTFOUND') || isErrno(cause, 'EAFNOSUPPORT'))
    return new EngineError('invalid-argument', `${host} is not an address of this host.`, {
      hint: 'Leave it out for the loopback addresses, or name one of "ip addr".',
      cause,
    });
  return cause;
}
