/** A virtual machine without one: a backend whose boot gives a fake guest, and a transport to its socket. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Listeners } from '../../app/base/disposable.ts';
import { EngineError } from '../../app/base/error.ts';
import type { Backend, BootOptions, Vm, VmExit } from '../../app/machine/machine.ts';
import type {
  EngineDrivers,
  MachineTransport,
  PreparedMachine,
  SharedFolder,
} from '../../app/services/engine-drivers.ts';
import type { ShareDriver, ShareServer } from '../../app/shares/share-driver.ts';
import type { LookUp } from '../../app/guest/guest.ts';
import type { StreamTarget } from '../../app/transport/transport.ts';

/** Where an agent listens: a fake one's, or a real one's in this process. */
export interface GuestSocket {
  readonly socketPath: string;
}

export class FakeVm implements Vm {
  readonly pid = 4711;
  readonly accelerator = 'tcg';
  readonly sshAddress = { host: '127.0.0.1', port: 1 };
  readonly exited: Promise<VmExit>;
  readonly stops: string[] = [];
  readonly console = {
    tail: () => 'console',
    onLine: () => ({ [Symbol.dispose]: () => undefined }),
    saw: () => Promise.resolve(),
  };
  readonly #exit: (exit: VmExit) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<VmExit>();
    this.exited = promise;
    this.#exit = resolve;
  }

  stop(mode: 'graceful' | 'force'): Promise<VmExit> {
    this.stops.push(mode);
    this.#exit({ kind: 'stopped', code: 0, signal: null, detail: '' });
    return this.exited;
  }

  readonly stalls = new Listeners<string | undefined>();

  onStall(listener: (cause: string | undefined) => void): Disposable {
    return this.stalls.add(listener);
  }

  crash(): void {
    this.#exit({ kind: 'crashed', code: null, signal: 'SIGSEGV', detail: 'Console:\nberth: fail oops' });
  }
}

export class FakeMachine implements EngineDrivers {
  readonly guest: GuestSocket;
  readonly vms: FakeVm[] = [];
  readonly released: string[] = [];
  readonly backend: Backend;
  sharedFolders: SharedFolder[] = [];
  /** Absent, as by default, layers are streamed. */
  layerFolder = '/nonexistent';
  /** Serves each share. */
  serve = (): Promise<ShareServer> =>
    Promise.resolve({ pid: 1, exited: Promise.resolve({}), stop: () => Promise.resolve() });
  readonly shares: ShareDriver = {
    kind: 'fake',
    start: () => this.serve(),
    device: ({ tag }) => ({ kind: 'vhost-user-fs', tag, socketPath: `/run/${tag}` }),
    guestMount: ({ tag }) => ({ type: 'virtiofs', source: tag, options: '' }),
  };
  /** What names the host knows. */
  names: LookUp = () => Promise.resolve({ outcome: 'no-such-name' });
  readonly lookUp: LookUp = (question) => this.names(question);
  endLeftOver = (): Promise<void> => Promise.resolve();
  /** Awaited by each boot. */
  boot: (options: BootOptions) => Promise<void> = () => Promise.resolve();

  constructor(guest: GuestSocket) {
    this.guest = guest;
    this.backend = {
      name: 'fake',
      probe: () => Promise.resolve({ usable: true, summary: 'fake 1.0', accelerators: [] }),
      endLeftOver: () => this.endLeftOver(),
      boot: async (_, options) => {
        await this.boot(options);
        options.onProgress?.({ stage: 'userland', message: 'the kernel is up' });
        const vm = new FakeVm();
        this.vms.push(vm);
        return vm;
      },
    };
  }

  get vm(): FakeVm {
    const last = this.vms.at(-1);
    if (last === undefined) throw new Error('nothing was booted');
    return last;
  }

  prepare(): Promise<PreparedMachine> {
    return Promise.resolve({
      spec: {
        ...{ name: 'default', arch: 'x64', cpus: 1, memoryMiB: 512, kernel: '', rootImage: '', cmdline: '' },
        ...{ kernelSha256: '', initrd: '', agentImage: '', dataDisk: '', runtimeDir: '', consoleLog: '' },
      },
      sharedFolders: this.sharedFolders,
      layerFolder: this.layerFolder,
      connect: () => Promise.resolve(socketTransport(this.guest.socketPath)),
      [Symbol.asyncDispose]: () => {
        this.released.push('lock');
        return Promise.resolve();
      },
    });
  }
}

/** Streams to a unix socket; never closes by itself. */
export function socketTransport(path: string): MachineTransport {
  return {
    openStream: async (target: StreamTarget): Promise<Duplex> => {
      const socket = connect({ ...(target.kind === 'agent' ? { path } : { port: target.port }), allowHalfOpen: true });
      try {
        await once(socket, 'connect');
      } catch (cause) {
        throw new EngineError('unreachable', 'nobody listens in the guest', { cause });
      }
      return socket;
    },
    onClose: () => ({ [Symbol.dispose]: () => undefined }),
    close: () => Promise.resolve(),
  };
}
