/** Makes the services of one agent and brings them to what the store and the kernel say. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Effects } from '../effects/effects.ts';
import { planCgroupParent } from '../plan/cgroup-plan.ts';
import type { GuestFacts } from '../plan/context.ts';
import { StreamRegistry } from '../streams/registry.ts';
import { loadContainers, recoverContainers } from './container-recovery.ts';
import { ContainerRegistry } from './container-registry.ts';
import { isActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { EngineSocket } from './engine-socket.ts';
import { Events } from './events.ts';
import { guestResolvConf } from './container-files.ts';
import { nameServersOf } from './dns-upstream.ts';
import { HostNames } from './host-names.ts';
import { Execs } from './execs.ts';
import { IdRanges } from './id-ranges.ts';
import { Layers } from './layers.ts';
import { Mounts } from './mounts.ts';
import { NameServer } from './name-server.ts';
import { namesOfContainers } from './names-of-containers.ts';
import { Networks } from './networks.ts';
import * as place from './paths.ts';
import { Shares } from './shares.ts';
import { Store } from './store.ts';
import { Trash } from './trash.ts';
import { Volumes } from './volumes.ts';

export interface EngineOptions {
  readonly paths: place.Paths;
  readonly effects: Effects;
  readonly bootId: string;
  /** Called when the folders and the containers' parent cgroup are there. */
  readonly facts: () => GuestFacts;
}

/** @throws EngineError `data-disk-corrupt`; system errors when the data disk is not there */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { paths, effects } = options;
  makeFolders(paths);
  await effects.apply(planCgroupParent(place.cgroupRoot(paths)));
  const store = new Store(place.storePath(paths));
  const records = store.containers();
  const containers = new ContainerRegistry();
  const [streams, trash] = [new StreamRegistry(), new Trash(paths)];
  const events = new Events((id) => containers.factsOf(id));
  const mounts = Mounts.fromGuest(effects, paths.proc);
  const usersOfLayer = (diffId: string): string[] => containers.usersOfLayer(diffId);
  const usersOfVolume = (name: string): string[] => containers.usersOfVolume(name);
  const nameServers = (): string[] => nameServersOf(guestResolvConf(paths));
  const networks = new Networks({ effects, store, events, interfaces: paths.interfaces, nameServers });
  const hostNames = new HostNames();
  const engine: Engine = {
    ...{ paths, effects, store, streams, events, trash, mounts, containers },
    facts: options.facts(),
    bootId: options.bootId,
    ranges: new IdRanges(records.flatMap(({ idRangeStart }) => idRangeStart ?? [])),
    execs: new Execs({ paths, effects, streams, events }),
    layers: new Layers({ paths, store, mounts, streams, events, effects, usersOf: usersOfLayer }),
    volumes: new Volumes({ paths, store, trash, mounts, events, usersOf: usersOfVolume }),
    ...{ networks, hostNames },
    nameServer: new NameServer({ effects, hostNames, names: namesOfContainers({ networks, containers, paths }) }),
    shares: new Shares({ paths, mounts, events }),
    engineSocket: new EngineSocket({ paths, effects, events, streams }),
  };
  loadContainers(engine, records);
  trash.recover();
  await engine.layers.recover();
  engine.volumes.recover();
  await recoverContainers(engine);
  for (const { record } of containers.all())
    if (isActive(record.state)) await engine.engineSocket.serveFor(record.spec);
  return engine;
}

function makeFolders(paths: place.Paths): void {
  const folders = [
    place.containersDir(paths),
    place.layersDir(paths),
    place.volumesDir(paths),
    place.trashDir(paths),
    place.scratchDir(paths),
    dirname(place.monitorSocket(paths, 'x')),
    join(paths.run, 'processes'),
  ];
  for (const folder of folders) mkdirSync(folder, { recursive: true });
}
