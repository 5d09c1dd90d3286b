/** A host service over fakes behind its real control socket, and clients of it, in one process. */
import { join } from 'node:path';
import { EngineError } from '../../app/base/error.ts';
import { connectPort } from '../../app/guest/connect-port.ts';
import { silentLog } from '../../app/base/log.ts';
import { hostFacts } from '../../app/base/platform.ts';
import { connectControl } from '../../app/control/client.ts';
import type { ControlClient } from '../../app/control/client.ts';
import { serveControl } from '../../app/control/server.ts';
import type { MachineSettings } from '../../app/contract/index.ts';
import { portHolder } from '../../app/ports/port-holder.ts';
import { checkPort } from '../../app/ports/port-check.ts';
import { PortForwarder } from '../../app/ports/port-forwarder.ts';
import { ContainerForwards } from '../../app/services/container-forwards.ts';
import { openStore } from '../../app/content/store.ts';
import { Host } from '../../app/services/host.ts';
import type { ImageSource, ResolvedImage } from '../../app/services/image-source.ts';
import type { MachineRegistry } from '../../app/services/machine-settings.ts';
import type { RegistrySource } from '../../app/services/registry-source.ts';
import { FakeGuest } from './fake-guest.ts';
import { FakeMachine } from './fake-machine.ts';
import type { GuestSocket } from './fake-machine.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface HostOver {
  readonly host: Host;
  readonly socketPath: string;
  readonly machine: FakeMachine;
  readonly ended: Promise<unknown>;
  readonly connect: (machine?: string) => Promise<ControlClient>;
}

export interface HostPair extends HostOver {
  readonly folder: string;
  readonly guest: FakeGuest;
  readonly images: Map<string, ResolvedImage>;
}

interface Test {
  after(fn: () => Promise<void> | void): void;
}

/** Over a fake guest and images that are records alone. */
export async function hostPair(t: Test): Promise<HostPair> {
  const folder = await temporaryFolder(t);
  const guest = new FakeGuest(folder);
  await guest.listen();
  t.after(() => guest.die());
  const images = new Map<string, ResolvedImage>();
  const pair = await hostOver(t, { folder, guest, images: memoryImages(images) });
  return { ...pair, folder, guest, images };
}

export interface HostParts {
  readonly folder: string;
  readonly guest: GuestSocket;
  readonly images: ImageSource;
  readonly registries?: RegistrySource;
}

/** The host service over any guest. */
export async function hostOver(
  t: Test,
  { folder, guest, images, registries = noRegistries }: HostParts,
): Promise<HostOver> {
  const machine = new FakeMachine(guest);
  const content = await openStore(join(folder, 'content'));
  const host = new Host({
    version: '1.2.3',
    hostOs: 'linux',
    log: silentLog,
    registry: memoryRegistry(),
    images,
    content,
    platform: 'linux/amd64',
    registries,
    drivers: () => machine,
    dockerSocket: (name) => join(folder, 'docker', `${name}.sock`),
    forwards: (to, hostForwards) =>
      new ContainerForwards(new PortForwarder({ connect: connectPort(to), hostForwards }, silentLog), checkPort),
    portHolder,
    beforeStart: () => Promise.resolve(),
    doctor: () => Promise.resolve([]),
    lastConsole: (name) => Promise.resolve(`last of ${name}`),
  });
  const socketPath = join(folder, 'control', 'control.sock');
  const ended = Promise.withResolvers<unknown>();
  const server = await serveControl({
    socketPath,
    facts: hostFacts(),
    service: host,
    onInternalError: () => undefined,
    onShutdown: () => ended.resolve(undefined),
  });
  const clients: ControlClient[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await host.shutdown();
    await server[Symbol.asyncDispose]();
    content.close();
  });
  const connect = async (name = 'default'): Promise<ControlClient> => {
    const client = await connectControl({ socketPath, machine: name, clientVersion: '1' });
    clients.push(client);
    // Events are heard from hello on.
    await client.hello;
    return client;
  };
  return { host, socketPath, machine, ended: ended.promise, connect };
}

const refuse = () => Promise.reject(new EngineError('unreachable', 'There is no registry.'));
const noRegistries: RegistrySource = {
  ...{ pull: refuse, push: refuse, describe: refuse, tags: refuse, search: refuse },
  ...{ login: refuse, logout: refuse },
};

function memoryImages(images: ReadonlyMap<string, ResolvedImage>): ImageSource {
  return {
    list: () => Promise.resolve([]),
    inspect: () => Promise.reject(new EngineError('no-such-image', 'none')),
    manifests: () => Promise.reject(new EngineError('no-such-image', 'none')),
    importLayout: () => Promise.resolve([]),
    resolve: (reference) => {
      const image = images.get(reference);
      const missing = new EngineError('no-such-image', `There is no image ${reference} here.`);
      return image === undefined ? Promise.reject(missing) : Promise.resolve(image);
    },
  };
}

function memoryRegistry(): MachineRegistry {
  const defaults: MachineSettings = { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30, accelerator: '', shares: [] };
  const known = new Map<string, MachineSettings>();
  const settings = (name: string): Promise<MachineSettings> => {
    if (name.includes('/'))
      return Promise.reject(new EngineError('invalid-argument', `${name} cannot name a machine.`));
    const own = known.get(name) ?? defaults;
    known.set(name, own);
    return Promise.resolve(own);
  };
  return {
    list: () => Promise.resolve([...known.keys()]),
    settings,
    change: async (name, change) => {
      known.set(name, { ...(await settings(name)), ...change });
      return settings(name);
    },
    remove: (name) => {
      known.delete(name);
      return Promise.resolve();
    },
    hostBytes: () => Promise.resolve(0),
  };
}
