/**
 * Images from a registry on the host's loopback, all cold: what a pull, a first run and a removal cost, against fetching
 * the same bytes and against podman and dockerd in the guest. Floors are measured in the same run.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ok } from '../support/berth.ts';
import { benchImages } from '../support/images/bench-image.ts';
import { type BuiltImage, buildSet } from '../support/images/build.ts';
import { startRegistry } from '../support/images/registry.ts';
import { type Bench, pids } from './image-bench.ts';
import { imagesInGuest } from './images-in-guest.ts';
import { cpuSeconds, diskMegabytes, peakMegabytes, seconds } from './process-cost.ts';
import { row, type Row } from './report.ts';

const run = promisify(execFile);

/** @param home the BERTH_HOME, whose service runs */
export async function images(add: (row: Row) => void, home: string): Promise<void> {
  const { bench: image } = await buildSet('bench', benchImages);
  await using registry = await startRegistry(undefined, { images: [image] });
  const bench = { add, home, address: registry.address, digests: await blobs(image) };
  await pull(bench);
  await imagesInGuest(bench);
}

interface Content {
  readonly digest: string;
}

/** What a client fetches besides the manifest. */
async function blobs({ layout }: BuiltImage): Promise<string[]> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(layout, path), 'utf8'));
  const index = (await read('index.json')) as { manifests: [Content] };
  const path = `blobs/${index.manifests[0].digest.replace(':', '/')}`;
  const manifest = (await read(path)) as { config: Content; layers: Content[] };
  return [manifest.config, ...manifest.layers].map(({ digest }) => digest);
}

/** Cold pulls; the image is gone before each, and there afterwards. */
async function pull({ add, home, address, digests }: Bench): Promise<void> {
  const reference = `${address}/bench`;
  const { service } = await pids();
  const folder = await mkdtemp(join(home, 'fetched-'));
  const floors: number[] = [];
  const floorCpu: number[] = [];
  const pulls: number[] = [];
  const cpu: number[] = [];
  const removals: number[] = [];
  let disk = 0;
  for (let round = 0; round < 3; round++) {
    floors.push(await seconds(async () => floorCpu.push(await fetchAll(address, digests, folder))));
    const before = await diskMegabytes(home);
    const begun = await cpuSeconds(service);
    pulls.push(await seconds(() => ok(['pull', '-q', reference])));
    cpu.push((await cpuSeconds(service)) - begun);
    disk = (await diskMegabytes(home)) - before;
    if (round < 2) removals.push(await seconds(() => ok(['image', 'rm', reference])));
  }
  await rm(folder, { recursive: true });
  const floor = row('image/fetch', 's', floors).median;
  add(row('image/fetch', 's', floors));
  add(row('image/fetch-cpu', 's', floorCpu));
  add(row('image/pull', 's', pulls, { floor, target: 3 }));
  add(row('image/pull-cpu', 's', cpu, { floor: row('', 's', floorCpu).median }));
  add(row('image/pull-peak', 'MB', [await peakMegabytes(service)], { target: 200 }));
  add(row('image/pull-disk', 'MB', [disk]));
  add(row('image/rm-unused', 's', removals));
}

/** The blobs, all at once, into files; answers the seconds of processor time, as the shell knows them (times(1p)). */
async function fetchAll(address: string, digests: readonly string[], folder: string): Promise<number> {
  const urls = digests.flatMap((digest) => ['-o', join(folder, digest), `http://${address}/v2/bench/blobs/${digest}`]);
  const words = ['curl', '-sS', '--fail', '--fail-early', '--parallel', ...urls];
  const { stdout } = await run('sh', ['-c', '"$@" && times', 'sh', ...words]);
  const ofChildren = stdout.trim().split('\n').at(-1) ?? '';
  return [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0);
}
