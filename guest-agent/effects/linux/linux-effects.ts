/** The effects of a real guest. */
import { statfsSync } from 'node:fs';
import type { Effects } from '../effects.ts';
import type { Queries } from '../queries.ts';
import { apply } from './apply.ts';
import { readCgroup, removeCgroup, removeEmptyCgroup } from './cgroups.ts';
import { copyFile } from './copy-file.ts';
import { copyTree } from './copy-tree.ts';
import { devicePrograms } from './device-programs.ts';
import { interfacesOf } from './interfaces.ts';
import { launch } from './launch.ts';
import { listenIn } from './listen-in.ts';
import { LauncherLine } from './launcher-line.ts';
import { adopt, attach, readExit, resize, signal } from './monitor-client.ts';
import { isMounted, unmount } from './mounts.ts';
import { nft, portRules } from './nft.ts';
import { relayUnix } from './relay-unix.ts';
import { idMapsOf, mountsOf, namespacesOf, statusOf } from './proc.ts';
import { listenersOf } from './sockets.ts';

type Readers = {
  readonly [K in keyof Queries]: (query: Queries[K]['query']) => Queries[K]['answer'] | Promise<Queries[K]['answer']>;
};

const readers: Readers = {
  cgroup: ({ path }) => readCgroup(path),
  devicePrograms: ({ path }) => devicePrograms(path),
  namespaces: ({ pid }) => namespacesOf(pid),
  status: ({ pid }) => statusOf(pid),
  mounts: ({ pid }) => mountsOf(pid),
  idMaps: ({ pid }) => idMapsOf(pid),
  isMounted: ({ path }) => isMounted(path),
  interfaces: ({ pid }) => interfacesOf(pid),
  listeners: ({ pid, protocol }) => listenersOf(pid, protocol),
  portRules: ({ protocol }) => portRules(protocol),
  space: ({ path }) => spaceOf(path),
};

function spaceOf(path: string): Queries['space']['answer'] {
  const { bsize, blocks, bavail, files } = statfsSync(path);
  return { total: bsize * blocks, free: bsize * bavail, files };
}

/** @param launcherSocket where berth-launcher, the program, listens */
export function linuxEffects(launcherSocket: string, launcherProgram: string): Effects {
  const launcher = new LauncherLine(launcherSocket);
  return {
    launch: (plan, onReady) => launch(launcher, plan, onReady),
    ...{ adopt, attach, resize, signal, readExit },
    ...{ apply, unmount, removeCgroup, removeEmptyCgroup, nft, listenIn },
    copyFile: (copy, signal) => copyFile(launcherProgram, copy, signal),
    copyTree: (from, to) => copyTree(launcherProgram, from, to),
    relayUnix: (from, to) => relayUnix(launcherProgram, from, to),
    read: async (kind, query) => readers[kind](query),
  };
}
