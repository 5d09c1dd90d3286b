/**
 * The host service is killed at random points of what changes the content store. After each restart the store is whole,
 * what was reported as done is there, and what was begun and not finished is gone without a trace. Two things are done at
 * a time, where neither changes what the other is about.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostPlatform, stateDirs } from '../../../app/base/platform.ts';
import { asError } from '../../../app/base/deadline.ts';
import { EngineError } from '../../../app/base/error.ts';
import { connectControl, type ControlClient } from '../../../app/control/client.ts';
import { fakeRegistry } from '../../support/fake-registry.ts';
import { madeImage } from '../../support/registry-client.ts';
import { layoutArchive, makeOciLayout } from '../../support/oci-layout.ts';
import { makeTar } from '../../support/tar.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const main = fileURLToPath(new URL('../../../app/host/main.ts', import.meta.url));
const rounds = 20;
/** Milliseconds after which a kill comes at the latest. */
const longest = 700;

/** What each name must mean: an image's id, or nothing. */
type Model = Map<string, string | undefined>;

interface Scene {
  readonly client: ControlClient;
  readonly model: Model;
  readonly archives: ReadonlyMap<string, { id: string; bytes: Buffer }>;
  /** What a registry has. */
  readonly pulled: { readonly reference: string; readonly id: string };
  /** A number below `limit`. */
  readonly random: (limit: number) => number;
}

interface Step {
  /** Names that it may change, and after them those that it relies on; none: it has nothing to do now. */
  readonly touches: (scene: Scene) => string[];
  /** How many of them it only relies on. */
  readonly reads?: number;
  /** It may change whatever others bring in meanwhile. */
  readonly alone?: boolean;
  /** @returns what the names mean now */
  readonly run: (scene: Scene, names: readonly string[]) => Promise<[string, string | undefined][]>;
}

const present = ({ model }: Scene): string[] => [...model].flatMap(([name, id]) => (id === undefined ? [] : [name]));
const pick = <T>({ random }: Scene, of: readonly T[]): T[] =>
  of.length === 0 ? [] : of.slice(random(of.length)).slice(0, 1);

async function upload(client: ControlClient, bytes: Buffer): Promise<string> {
  const { stream } = await client.api.images.upload({});
  const target = await client.openStream(stream);
  // Whoever waits for the answer is told of a break.
  target.on('error', () => undefined).resume();
  pipeline(Readable.from([bytes]), target).catch(() => undefined);
  return stream;
}

const steps: Readonly<Record<string, Step>> = {
  load: {
    touches: (scene) => pick(scene, [...scene.archives.keys()]),
    run: async ({ client, archives }, [name = '']) => {
      const { id, bytes } = archives.get(name) ?? { id: '', bytes: Buffer.of() };
      await client.api.images.load({ stream: await upload(client, bytes) });
      return [[name, id]];
    },
  },
  import: {
    touches: () => ['imported:1'],
    run: async ({ client, random }, [name = '']) => {
      const data = Buffer.alloc(400_000, `content ${random(1000)} `);
      const stream = await upload(client, makeTar([{ path: 'file', data }]));
      const request = { reference: name, changes: ['CMD ["sh"]'], message: '', platform: '' };
      return [[name, (await client.api.images.import({ stream, ...request })).id]];
    },
  },
  pull: {
    touches: ({ pulled }) => [pulled.reference],
    run: async ({ client, pulled }, [reference = '']) => {
      await client.api.images.pull({ reference });
      return [[reference, pulled.id]];
    },
  },
  tag: {
    touches: (scene) => pick(scene, present(scene)).flatMap((source) => ['tagged:1', source]),
    reads: 1,
    run: async (scene, [target = '', source = '']) => {
      await scene.client.api.images.tag({ source, target });
      return [[target, scene.model.get(source)]];
    },
  },
  remove: {
    touches: (scene) => pick(scene, present(scene)),
    run: async ({ client }, [reference = '']) => {
      await client.api.images.remove({ reference, force: false });
      return [[reference, undefined]];
    },
  },
  prune: {
    touches: (scene) => (scene.random(3) === 0 ? present(scene) : []),
    run: async ({ client }, names) => {
      await client.api.system.prune({ containers: false, volumes: 'none', images: 'all' });
      return names.map((name) => [name, undefined]);
    },
    alone: true,
  },
  tidy: {
    touches: () => ['what no name stands for'],
    reads: 1,
    run: async ({ client }) => {
      await client.api.system.prune({ containers: false, volumes: 'none', images: 'dangling' });
      return [];
    },
  },
  save: {
    touches: (scene) => pick(scene, present(scene)),
    run: async ({ client, model }, [reference = '']) => {
      const { stream } = await client.api.images.save({ references: [reference] });
      await finished((await client.openStream(stream)).resume(), { writable: false });
      await client.api.images.saved({ stream });
      return [[reference, model.get(reference)]];
    },
  },
};

function makeArchives(folder: string): Map<string, { id: string; bytes: Buffer }> {
  const shared = [{ path: 'shared', data: Buffer.alloc(600_000, 'shared') }];
  return new Map(
    (['gzip', 'zstd', 'none'] as const).map((compression, number) => {
      const layout = join(folder, `layout-${number}`);
      const own = [{ path: 'own', data: Buffer.alloc(300_000, `own ${number}`) }];
      const reference = `image-${number}:1`;
      const { configDigest } = makeOciLayout(layout, [shared, own], {}, { reference, compression });
      return [reference, { id: configDigest, bytes: layoutArchive(layout) }];
    }),
  );
}

async function withService(
  home: string,
  use: (client: ControlClient, kill: () => void) => Promise<void>,
): Promise<void> {
  const env = { ...process.env, BERTH_HOME: home };
  const child = spawn(process.execPath, [main, '--foreground'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    await Promise.race([once(child.stdout, 'data'), exited]);
    const { controlSocket } = stateDirs(hostPlatform(), env, home);
    using client = await connectControl({ socketPath: controlSocket, machine: 'default', clientVersion: '1' });
    await use(client, () => void child.kill('SIGKILL'));
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** Two steps that do not concern the same names, or one. */
function chosen(scene: Scene): { name: string; step: Step; names: string[] }[] {
  const found: { name: string; step: Step; names: string[] }[] = [];
  for (const [name, step] of [1, 2].flatMap(() => pick(scene, Object.entries(steps)))) {
    const names = step.touches(scene);
    const taken = found.flatMap((other) => other.names);
    const fits = found.length === 0 || (!step.alone && !found[0]?.step.alone);
    if (names.length > 0 && fits && !names.some((one) => taken.includes(one))) found.push({ name, step, names });
  }
  return found;
}

/** Steps at random until the service is gone. @returns the names of the steps that were cut off */
async function work(scene: Scene, t: TestContext): Promise<string[]> {
  for (;;) {
    const cutOff: string[] = [];
    const both = chosen(scene).map(async ({ name, step, names }) => {
      try {
        for (const [key, id] of await step.run(scene, names)) scene.model.set(key, id);
      } catch (error) {
        const gone = error instanceof EngineError ? error.code === 'unreachable' : true;
        if (!gone) throw new Error(`${name} of ${names.join(' ')} failed`, { cause: error });
        t.diagnostic(`killed in ${name} of ${names.join(' ')}`);
        cutOff.push(...names.slice(0, names.length - (step.reads ?? 0)), '');
      }
    });
    for (const done of await Promise.allSettled(both)) if (done.status === 'rejected') throw asError(done.reason);
    if (cutOff.length > 0) return cutOff.filter((name) => name !== '');
  }
}

/** The store is whole and what the model says, but for the names that the last kill left open. */
async function examine(client: ControlClient, model: Model, open: readonly string[], home: string): Promise<void> {
  const images = await client.api.images.list({});
  const meaning = (name: string): string | undefined => images.find(({ references }) => references.includes(name))?.id;
  for (const name of open) model.set(name, meaning(name));
  for (const [name, id] of model) assert.equal(meaning(name), id, name);
  // What came of a pull is kept to go on with.
  const list = (folder: string) =>
    readdirSync(join(home, 'data/content', folder)).filter((name) => !name.endsWith('.resume'));
  await until('orphans are gone', async () => {
    const { findings, blobs, layers } = await client.api.system.check({ repair: false });
    assert.deepEqual(findings, []);
    const counts = ['blobs/sha256', 'erofs', 'ingest'].map((folder) => list(folder).length);
    if (counts.join() === [blobs, layers, 0].join()) return true;
    throw new Error(`${counts.join()} instead of ${blobs},${layers},0`);
  });
}

test('killed at random points, the store is whole after each restart', async (t) => {
  const seed = Number(process.env['BERTH_TEST_SEED'] ?? Date.now() % 100_000);
  t.diagnostic(`BERTH_TEST_SEED=${seed}`);
  let state = seed;
  const random = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return (state >> 8) % limit;
  };
  const folder = await temporaryFolder(t);
  const home = join(folder, 'home');
  const archives = makeArchives(folder);
  const { layout, configDigest } = await madeImage(t, [900_000, 700_000, 500_000]);
  const { address } = await fakeRegistry(t, layout);
  const pulled = { reference: `${address}/app:latest`, id: configDigest };
  const model: Model = new Map();
  let open: string[] = [];
  for (let round = 0; round < rounds; round++)
    await withService(home, async (client, kill) => {
      await examine(client, model, open, home);
      setTimeout(kill, random(longest));
      open = await work({ client, model, archives, pulled, random }, t);
    });
  await withService(home, (client) => examine(client, model, open, home));
});
