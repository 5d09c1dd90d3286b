/** Datagrams of one address of the host to another, and the answers back: for families that the hypervisor does not forward. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { HostAddress } from './port-driver.ts';
import { bindUdp } from './port-check.ts';

/** A client that is silent for so long (milliseconds) is forgotten; conntrack's time for a stream of datagrams. */
const idleMs = 120_000;
/** Beyond so many the one silent for longest is forgotten. */
const mostClients = 1024;

interface Client {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/** @returns what ends it @throws EngineError `port-busy` and others of `checkPort` */
export async function relayUdp(from: HostAddress, to: HostAddress): Promise<() => void> {
  const listener = createSocket({ type: isIPv6(from.host) ? 'udp6' : 'udp4', ipv6Only: isIPv6(from.host) });
  const clients = new Map<string, Client>();
  const forget = (key: string): void => {
    const client = clients.get(key);
    clients.delete(key);
    clearTimeout(client?.timer);
    client?.socket.close();
  };
  listener.on('message', (message, { address, port }) => {
    const key = `${address} ${port}`;
    const known = clients.get(key);
    if (known !== undefined) {
      known.timer.refresh();
      clients.delete(key);
      clients.set(key, known);
      known.socket.send(message, to.port, to.host);
      return;
    }
    const [oldest] = clients.keys();
    if (clients.size >= mostClients && oldest !== undefined) forget(oldest);
    const socket = createSocket(isIPv6(to.host) ? 'udp6' : 'udp4');
    const timer = setTimeout(() => forget(key), idleMs).unref();
    clients.set(key, { socket, timer });
    socket.on('error', () => forget(key));
    socket.on('message', (answer) => listener.send(answer, port, address));
    socket.send(message, to.port, to.host);
  });
  await bindUdp(listener, from.host, from.port);
  listener.on('error', () => undefined);
  return () => {
    for (const key of [...clients.keys()]) forget(key);
    listener.close();
  };
}
