/**
 * Keeps the host's ports as they are wanted. The hypervisor forwards where it can (IPv4, without a byte passing through
 * here); all else is a listener of ours that joins each connection to a stream into the guest.
 */
import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import { join } from '../base/streams.ts';
import { checkPort, listenOn } from './port-check.ts';
import type { HostAddress, PortDriver } from './port-driver.ts';
import { portChanges, sameListener, type PortForward } from './port-plan.ts';
import { relayUdp } from './udp-relay.ts';

type Close = () => Promise<void>;

export class PortForwarder {
  readonly #driver: PortDriver;
  readonly #log: Log;
  readonly #open = new Map<PortForward, Close>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(driver: PortDriver, log: Log) {
    this.#driver = driver;
    this.#log = log;
  }

  get active(): PortForward[] {
    return [...this.#open.keys()];
  }

  /**
   * Checks, without opening anything for long, that ports could be opened.
   * @throws EngineError `port-busy`, `permission-denied`, `invalid-argument`
   */
  async check(forwards: readonly PortForward[]): Promise<void> {
    for (const { host, hostPort, protocol } of forwards) await checkPort(host, hostPort, protocol);
  }

  /**
   * Makes exactly these forwards active. When one cannot be opened, those that this call opened are closed again.
   * @throws EngineError `port-busy` and others of `check`
   */
  set(wanted: readonly PortForward[]): Promise<void> {
    const next = this.#turn.then(() => this.#apply(wanted));
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** Closes all. */
  close(): Promise<void> {
    return this.set([]);
  }

  async #apply(wanted: readonly PortForward[]): Promise<void> {
    const changes = portChanges(wanted, this.active);
    for (const forward of changes.close) await this.#shut(forward);
    const opened: PortForward[] = [];
    try {
      for (const forward of changes.open) {
        this.#open.set(forward, await this.#start(forward));
        opened.push(forward);
      }
    } catch (error) {
      for (const forward of opened) await this.#shut(forward);
      throw error;
    }
  }

  async #shut(forward: PortForward): Promise<void> {
    const close = this.#open.get(forward);
    this.#open.delete(forward);
    try {
      await close?.();
    } catch (error) {
      this.#log.warn({ forward, err: error }, 'a port forwarding did not close cleanly');
    }
  }

  async #start(forward: PortForward): Promise<Close> {
    const { hostForwards } = this.#driver;
    const { protocol, host, hostPort: port, guestPort } = forward;
    if (protocol === 'udp' && (hostForwards === undefined || !isIPv4(host))) return this.#relayDatagrams(forward);
    if (hostForwards === undefined || !isIPv4(host)) return this.#listen(forward);
    await checkPort(host, port, protocol);
    await hostForwards.add({ protocol, host, port }, guestPort);
    return () => hostForwards.remove({ protocol, host, port });
  }

  /**
   * To the hypervisor's forwarding of the same port on IPv4, or else to one that is made for it alone. There is never more
   * than one to a port of the guest: libslirp (4.7) finds who is answered by that port, and so would mistake them.
   */
  async #relayDatagrams(forward: PortForward): Promise<Close> {
    const { hostForwards } = this.#driver;
    const { protocol, host, hostPort, guestPort } = forward;
    const twin = this.#twin(forward);
    if (twin !== undefined) {
      const end = await relayUdp({ host, port: hostPort }, twin);
      return () => {
        end();
        return Promise.resolve();
      };
    }
    if (hostForwards === undefined)
      throw new EngineError('unsupported', 'Ports of udp are not forwarded by this kind of machine.', {
        hint: 'Publish a TCP port, or reach the container from another one.',
      });
    const port = await checkPort('127.0.0.1', 0, protocol);
    const own = { protocol, host: '127.0.0.1', port };
    await hostForwards.add(own, guestPort);
    try {
      const end = await relayUdp({ host, port: hostPort }, own);
      return async () => {
        end();
        await hostForwards.remove(own);
      };
    } catch (error) {
      await hostForwards.remove(own);
      throw error;
    }
  }

  async #listen(forward: PortForward): Promise<Close> {
    const sockets = new Set<Socket>();
    const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      void this.#relay(socket, forward);
    });
    await listenOn(server, forward.host, forward.hostPort);
    return async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    };
  }

  async #relay(socket: Socket, forward: PortForward): Promise<void> {
    socket.on('error', () => undefined);
    try {
      await join(socket, await this.#target(forward));
    } catch (error) {
      this.#log.debug({ forward, err: error }, 'a forwarded connection could not reach the guest');
    } finally {
      socket.destroy();
    }
  }

  /**
   * By the hypervisor's forwarding of the same port on IPv4, where there is one; that is far cheaper than a stream. It takes
   * each connection before the guest is asked, so it cannot tell whether the container would refuse it.
   */
  async #target(forward: PortForward): Promise<Duplex> {
    if (forward.ipv6 === true && !isIPv4(forward.host)) return this.#driver.connect(forward.guestPort, true);
    const twin = this.#twin(forward);
    if (twin === undefined) return this.#driver.connect(forward.guestPort, false);
    const socket = connect({ ...twin, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }

  /** Where the hypervisor itself forwards to the same port of the guest. */
  #twin(forward: PortForward): HostAddress | undefined {
    if (this.#driver.hostForwards === undefined) return undefined;
    const found = this.active.find(
      (other) =>
        other.protocol === forward.protocol &&
        isIPv4(other.host) &&
        other.guestPort === forward.guestPort &&
        !sameListener(other, forward),
    );
    return found && { host: found.host === '0.0.0.0' ? '127.0.0.1' : found.host, port: found.hostPort };
  }
}
