/** A Docker socket over everything but the kernel and the machine, with an image `tiny` whose programs are played. */
import { join } from 'node:path';
import { silentLog } from '../../app/base/log.ts';
import { hostFacts } from '../../app/base/platform.ts';
import { plainArchive } from '../../app/content/plain-archive.ts';
import { openStore } from '../../app/content/store.ts';
import type { ControlClient } from '../../app/control/client.ts';
import { serveDockerApi } from '../../app/docker-api/server.ts';
import { imageSource } from '../../app/services/images.ts';
import { registrySource } from '../../app/services/registries.ts';
import { hostOver } from './host-pair.ts';
import { InProcessAgent } from './in-process-agent.ts';
import { makeOciLayout } from './oci-layout.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface Test {
  after(fn: () => Promise<void> | void): void;
}

export interface DockerStack {
  readonly socketPath: string;
  readonly agent: InProcessAgent;
  readonly client: ControlClient;
}

/** Where it listens, and the system that it takes itself to be on, where these are not the usual ones. */
export interface Place {
  readonly socketPath?: string;
  readonly os?: ReturnType<typeof hostFacts>['os'];
}

export async function dockerStack(t: Test, agent = new InProcessAgent(), place: Place = {}): Promise<DockerStack> {
  const folder = await temporaryFolder({ after: (fn) => t.after(fn) });
  await agent.start();
  const store = await openStore(join(folder, 'content'));
  t.after(async () => {
    store.close();
    await agent.dispose();
  });
  const settingsFile = join(folder, 'registries.json');
  const { connect, host } = await hostOver(t, {
    ...{ folder, guest: agent, images: imageSource(store, 'linux/amd64') },
    registries: registrySource({ store, settingsFile, env: {}, home: folder, os: 'linux' }, 'linux/amd64'),
  });
  const client = await connect();
  const layout = join(folder, 'layout');
  makeOciLayout(layout, [[{ path: 'bin/echo', data: 'program' }]], {
    Env: ['GREETING=hello'],
    Cmd: ['echo', 'played'],
  });
  await client.api.images.importLayout({ path: layout, reference: 'tiny' });
  const socketPath = place.socketPath ?? join(folder, 'docker', 'default.sock');
  const facts = { ...hostFacts(), ...(place.os !== undefined && { os: place.os }) };
  const server = await serveDockerApi({
    ...{ host, machine: 'default', socketPath, facts, log: silentLog, plainArchive },
  });
  t.after(async () => {
    await server[Symbol.asyncDispose]();
  });
  return { socketPath, agent, client };
}
