/**
 * The embedded name server: for each container on a network of a user's, sockets in its own network namespace at
 * 127.0.0.11. So who asks is known by where it was asked, nothing passes the packet filter between networks, and a network
 * without a way out has names, too. For all others there is one more in the guest. What the engine does not know is the
 * host's to answer.
 */
import { decode, type Answer, type Packet, type Question } from 'dns-packet';
import type { Effects, NameSockets } from '../effects/effects.ts';
import { nameServer, nameServerPort, nameServerRules } from '../plan/dns-rules.ts';
import { localAnswers, type NameView } from '../plan/dns-zone.ts';
import { recordTypes } from '../protocol/names.ts';
import { rcode, recordsOf, response, type Transport } from './dns-message.ts';
import { askServers, framed, TcpMessages } from './dns-upstream.ts';
import type { HostNames } from './host-names.ts';

/** Docker's, in seconds. */
const timeToLive = 600;
/** Of what the host has answered: its resolver tells no times, and a VPN that comes or goes is soon to be seen. */
const hostTimeToLive = 5;
/** Questions of one asker at a time; more are refused, so that nobody keeps the others waiting. */
const mostOfOne = 64;
/** After so many milliseconds a silent connection is closed: longer than the host may take to answer. */
const idleMs = 20_000;

/** Who asks without an embedded name server of its own: containers on the default bridge, the guest's own programs. */
export const guestItself = '';

/** What a container's look-ups are answered from. */
export interface Names {
  view(asker: string): NameView;
  /** Who is asked for what the engine does not know: name servers of the container's own choice, or nobody without a way out. */
  beyond(asker: string): 'host' | 'nobody' | readonly string[];
}

export interface NameServerParts {
  readonly effects: Pick<Effects, 'listenIn' | 'nft'>;
  readonly names: Names;
  readonly hostNames: Pick<HostNames, 'lookUp'>;
}

export class NameServer {
  readonly #parts: NameServerParts;
  readonly #open = new Map<string, NameSockets>();
  readonly #asking = new Map<string, number>();

  constructor(parts: NameServerParts) {
    this.#parts = parts;
  }

  /** @param pid of a process in the container's network namespace @throws EngineError `operation-failed` */
  async open(container: string, pid: number): Promise<void> {
    if (this.#open.has(container)) return;
    await this.#listen(container, pid, nameServer);
    try {
      await this.#parts.effects.nft(nameServerRules(), pid);
    } catch (error) {
      this.close(container);
      throw error;
    }
  }

  /** At an address of the guest's own, to which its rules lead questions. @throws EngineError `operation-failed` */
  async openForGuest(address: string): Promise<void> {
    if (!this.#open.has(guestItself)) await this.#listen(guestItself, process.pid, address);
  }

  isOpen(asker: string): boolean {
    return this.#open.has(asker);
  }

  view(asker: string): NameView {
    return this.#parts.names.view(asker);
  }

  beyond(asker: string): ReturnType<Names['beyond']> {
    return this.#parts.names.beyond(asker);
  }

  close(container: string): void {
    const sockets = this.#open.get(container);
    this.#open.delete(container);
    sockets?.udp.close();
    sockets?.tcp.close();
  }

  closeAll(): void {
    for (const container of [...this.#open.keys()]) this.close(container);
  }

  /** What is answered; undefined: what came is no question. */
  async answer(asker: string, query: Buffer, transport: Transport): Promise<Buffer | undefined> {
    let packet: Packet;
    try {
      packet = decode(query);
    } catch {
      const id = query.length < 12 ? undefined : query.readUInt16BE(0);
      return id === undefined ? undefined : response({ id }, [], rcode.formatError, transport);
    }
    const [question] = packet.questions ?? [];
    if (packet.type !== 'query' || question === undefined) return undefined;
    const asking = this.#asking.get(asker) ?? 0;
    if (asking >= mostOfOne) return response(packet, [], rcode.serverFailure, transport);
    this.#asking.set(asker, asking + 1);
    try {
      return await this.#find(asker, { packet, question, query, transport });
    } finally {
      const left = (this.#asking.get(asker) ?? 1) - 1;
      if (left > 0) this.#asking.set(asker, left);
      else this.#asking.delete(asker);
    }
  }

  async #find(asker: string, { packet, question, query, transport }: Asked): Promise<Buffer> {
    const { hostNames, names } = this.#parts;
    const known = localAnswers(question, names.view(asker));
    if (known !== undefined) {
      const answers = known.map((answer): Answer => ({ ...answer, ttl: timeToLive }));
      return response(packet, answers, rcode.ok, transport);
    }
    const beyond = names.beyond(asker);
    if (beyond === 'nobody') return response(packet, [], rcode.serverFailure, transport);
    if (beyond !== 'host')
      return (await askServers(beyond, query, transport)) ?? response(packet, [], rcode.serverFailure, transport);
    const type = recordTypes.find((one) => one === question.type);
    if (type === undefined || (question.class ?? 'IN') !== 'IN')
      return response(packet, [], rcode.notImplemented, transport);
    const found = await hostNames.lookUp({ name: question.name, type });
    const { answers, code } = recordsOf(question.name, found, hostTimeToLive);
    return response(packet, answers, code, transport);
  }

  async #listen(asker: string, pid: number, address: string): Promise<void> {
    const sockets = await this.#parts.effects.listenIn(pid, address, nameServerPort);
    this.#open.set(asker, sockets);
    this.#serve(asker, sockets);
  }

  #serve(container: string, { udp, tcp }: NameSockets): void {
    udp.on('error', () => this.close(container));
    udp.on('message', (query, { address, port }) => {
      void this.answer(container, query, 'udp').then((answer) => {
        if (answer !== undefined && this.#open.get(container)?.udp === udp) udp.send(answer, port, address);
      });
    });
    tcp.on('error', () => this.close(container));
    tcp.on('connection', (socket) => {
      const reader = new TcpMessages();
      socket.on('error', () => socket.destroy());
      socket.setTimeout(idleMs, () => socket.destroy());
      socket.on('end', () => socket.end());
      socket.on('data', (chunk: Buffer) => {
        for (const query of reader.push(chunk))
          void this.answer(container, query, 'tcp').then((answer) => {
            if (answer !== undefined && socket.writable) socket.write(framed(answer));
          });
      });
    });
  }
}

interface Asked {
  readonly packet: Packet;
  readonly question: Question;
  /** As it came. */
  readonly query: Buffer;
  readonly transport: Transport;
}
