import type { ControlClient } from '../../control/client.ts';
import type { Context } from '../context.ts';
import type { LiveNames } from './complete.ts';

type Kind = Parameters<LiveNames>[0];

const lists: Readonly<Record<Kind, (client: ControlClient) => Promise<readonly string[]>>> = {
  container: async ({ api }) => (await api.containers.list({ all: true })).map(({ name }) => name),
  running: async ({ api }) => (await api.containers.list({ all: false })).map(({ name }) => name),
  image: async ({ api }) => (await api.images.list({})).flatMap(({ references }) => references),
  volume: async ({ api }) => (await api.volumes.list({})).map(({ name }) => name),
  network: async ({ api }) => (await api.networks.list({})).map(({ name }) => name),
  machine: async ({ api }) => (await api.machines.list({})).map(({ name }) => name),
};

/** Names for completion; a service or engine that does not run has none, and nothing is started for it. */
export async function liveNames(context: Context, kind: Kind): Promise<readonly string[]> {
  try {
    const client = await context.connectIfThere();
    return client === undefined ? [] : await lists[kind](client);
  } catch {
    return [];
  }
}
