/** The composition root: the only file that names concrete drivers. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { agentSocketPath } from '../../guest-agent/protocol/index.ts';
import manifest from '../../package.json' with { type: 'json' };
import { lastLines } from '../base/bounded-file.ts';
import { asError } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { HostFacts, StateDirs } from '../base/platform.ts';
import { openStore } from '../content/store.ts';
import type { ContentStore } from '../content/store.ts';
import { dockerSocketPath } from '../contract/index.ts';
import type { DoctorCheck } from '../contract/index.ts';
import { connectPort } from '../guest/connect-port.ts';
import { QemuBackend } from '../machine/backends/qemu/index.ts';
import { MachineStore } from '../machine/machine-store.ts';
import { checkPort } from '../ports/port-check.ts';
import { portHolder } from '../ports/port-holder.ts';
import { PortForwarder } from '../ports/port-forwarder.ts';
import { ContainerForwards } from '../services/container-forwards.ts';
import { examine } from '../services/doctor.ts';
import type { EngineDrivers } from '../services/engine-drivers.ts';
import type { HostService } from '../control/host-service.ts';
import { hostNames } from '../services/host-names.ts';
import { Host } from '../services/host.ts';
import { imageSource } from '../services/images.ts';
import { onDemand } from '../services/on-demand.ts';
import type { RegistrySource } from '../services/registry-source.ts';
import { findVirtiofsd } from '../shares/virtiofsd-program.ts';
import type { VirtiofsdProgram } from '../shares/virtiofsd-program.ts';
import { VirtiofsDriver } from '../shares/virtiofs.ts';
import { connectSsh } from '../transport/ssh.ts';
import { DockerSockets } from './docker-sockets.ts';
import { examinations } from './doctor.ts';
import { importOnce } from './embedded-image.ts';
import { machineRegistry } from './machine-registry.ts';
import { consoleLogFile, machineLogs, prepareMachine, runtimeFolder } from './prepare-machine.ts';
import type { PrepareContext } from './prepare-machine.ts';
import type { Resources } from './resources.ts';

export interface Surroundings {
  readonly facts: HostFacts;
  readonly dirs: StateDirs;
  readonly resources: Resources;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** Milliseconds for one try to reach the guest by ssh. */
const SSH_LIMIT = 120_000;

export interface Composed extends Disposable {
  readonly host: HostService;
  /** Serves the Docker socket of every machine until it is disposed. */
  readonly serveDocker: () => Promise<AsyncDisposable>;
}

export async function compose(surroundings: Surroundings): Promise<Composed> {
  const { facts, dirs, resources, log } = surroundings;
  const store = await openContent(dirs, log);
  const platform = `linux/${facts.arch === 'arm64' ? 'arm64' : 'amd64'}`;
  const images = imageSource(store, platform);
  const machines = new MachineStore(dirs.data);
  const sockets = new DockerSockets({ facts, dirs, log });
  const foldersOf = (name: string) => [runtimeFolder(dirs, name), machineLogs(dirs, name)];
  const registry = sockets.endingWith(machineRegistry(machines, facts, foldersOf));
  const [backend, lookUp] = [qemu(surroundings), hostNames()];
  const virtiofsd = await virtiofsdProgram(facts, resources);
  const context: PrepareContext = {
    ...{ facts, dirs, store: machines, resources, log },
    settings: (name) => registry.settings(name),
    connect: (vm, keys, signal) =>
      connectSsh({
        address: vm.sshAddress,
        identity: { username: 'root', privateKey: keys.client.privateKey, hostKey: keys.host.publicKey },
        agentSocket: agentSocketPath,
        limit: SSH_LIMIT,
        signal,
      }),
  };
  const drivers = (name: string): EngineDrivers => ({
    ...{ backend, lookUp },
    ...shareDriver(virtiofsd, name, surroundings),
    prepare: () => prepareMachine(name, context),
  });
  const host = new Host({
    ...{ version: manifest.version, hostOs: facts.os },
    ...{ log, registry, images, drivers, platform, portHolder },
    dockerSocket: (name) => dockerSocketPath(dirs, facts.os, name),
    content: store,
    registries: registries(surroundings, store, platform),
    forwards: (guest, hostForwards) =>
      new ContainerForwards(new PortForwarder({ connect: connectPort(guest), hostForwards }, log), checkPort),
    beforeStart: importOnce(images, resources, log),
    doctor: async (machine, retry) => {
      if (retry) await backend.verdicts.forget();
      return examine(
        examinations(machine, {
          facts,
          dirs,
          resources,
          backend,
          shares: () => Promise.resolve(shareCheck(virtiofsd)),
        }),
      );
    },
    lastConsole: (name, lines) => Promise.resolve(lastLines(consoleLogFile(dirs, name), lines)),
  });
  return {
    host: sockets.beside(host),
    serveDocker: async () => sockets.start(host, await registry.list()),
    [Symbol.dispose]: () => store.close(),
  };
}

async function openContent(dirs: StateDirs, log: Log): Promise<ContentStore> {
  const store = await openStore(join(dirs.data, 'content'));
  store.cleanUp().catch((error: unknown) => {
    log.warn({ err: error }, 'what a crash left in the content store was not cleaned up');
  });
  return store;
}

function registries({ facts, dirs, env }: Surroundings, store: ContentStore, platform: string): RegistrySource {
  const options = { store, env, home: homedir(), os: facts.os, settingsFile: join(dirs.data, 'registries.json') };
  return onDemand(async () => (await import('../services/registries.ts')).registrySource(options, platform));
}

function qemu({ facts, dirs, env, log }: Surroundings): QemuBackend {
  return new QemuBackend({
    host: facts,
    uid: facts.uid,
    stateDir: dirs.state,
    path: env['PATH'],
    log,
    ...(env['BERTH_QEMU'] ? { program: env['BERTH_QEMU'] } : {}),
  });
}

type Found = { readonly program: VirtiofsdProgram } | { readonly missing: string };

async function virtiofsdProgram(facts: HostFacts, resources: Resources): Promise<Found> {
  if (facts.os !== 'linux') return { missing: 'shared folders need a Linux host.' };
  try {
    return { program: await findVirtiofsd(facts.arch, await resources.virtiofsd()) };
  } catch (error) {
    const { message } = asError(error);
    const hint = error instanceof EngineError ? error.hint : undefined;
    return { missing: hint === undefined ? message : `${message} ${hint}` };
  }
}

function shareDriver(found: Found, name: string, { facts, dirs, log }: Surroundings) {
  if ('missing' in found) return { sharesMissing: found.missing };
  const { uid, gid } = facts;
  return {
    shares: new VirtiofsDriver({ program: found.program, runtimeDir: runtimeFolder(dirs, name), uid, gid, log }),
  };
}

function shareCheck(found: Found): DoctorCheck {
  const name = 'shared folders';
  if ('program' in found)
    return { name, status: 'ok', detail: `virtiofsd ${found.program.version} at ${found.program.command}`, hint: '' };
  return { name, status: 'warning', detail: found.missing, hint: 'Without it "-v /folder:/target" does not work.' };
}
