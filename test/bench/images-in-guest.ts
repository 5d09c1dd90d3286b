/** What images cost in the guest: a first run, one on a second machine, podman and dockerd beside, and the removal. */
import { ok } from '../support/berth.ts';
import { bringRivals, type Rival, rivals } from '../support/rivals.ts';
import { type Bench, pids } from './image-bench.ts';
import { cpuSeconds, diskMegabytes, peakMegabytes, seconds } from './process-cost.ts';
import { row } from './report.ts';

const guest = (script: string): Promise<string> => ok(['ssh', '--', 'sh', '-c', script], { limitMs: 900_000 });
/** QEMU's user network shows the host's loopback under this address. */
const hostInGuest = '10.0.2.2';

/** The image is on the host alone. */
export async function imagesInGuest(bench: Bench): Promise<void> {
  const fetched = await guestFetch(bench);
  const first = await firstRuns(bench, fetched);
  await secondMachine(bench, first);
  await remove(bench, await eachRival(bench, fetched));
}

/** Mere fetching and hashing of the blobs by the guest's own Node, through the network that the rivals use. */
async function guestFetch({ add, address, digests }: Bench): Promise<number> {
  await ok(['start', '-q'], { limitMs: 240_000 });
  const base = `http://${hostInGuest}:${address.split(':')[1] ?? ''}/v2/bench/blobs/`;
  const script = `import { createHash } from 'node:crypto';
    const begin = performance.now();
    await Promise.all(${JSON.stringify(digests)}.map(async (digest) => {
      const hash = createHash('sha256');
      for await (const piece of (await fetch(${JSON.stringify(base)} + digest)).body) hash.update(piece);
      if ('sha256:' + hash.digest('hex') !== digest) throw new Error(digest);
    }));
    console.log((performance.now() - begin) / 1000);`;
  const { machine } = await pids();
  const begun = await cpuSeconds(machine);
  const taken = Number(await guest(`node --input-type=module -e '${script.replaceAll("'", `'\\''`)}'`));
  add(row('image/guest-fetch', 's', [taken]));
  add(row('image/guest-fetch-cpu', 's', [(await cpuSeconds(machine)) - begun]));
  return taken;
}

/** Pull and first `true`, each time with nothing of the image here or there. Answers the seconds of a first run. */
async function firstRuns({ add, home, address }: Bench, fetched: number): Promise<number> {
  const { service, machine } = await pids();
  const reference = `${address}/bench`;
  const [whole, first, cpu]: [number[], number[], number[]] = [[], [], []];
  let [disk, guestDisk] = [0, 0];
  for (let round = 0; round < 3; round++) {
    await ok(['image', 'rm', reference]);
    const pulled = await seconds(() => ok(['pull', '-q', reference]));
    const before = await diskMegabytes(home);
    const room = await guestMegabytes();
    const begun = (await cpuSeconds(service)) + (await cpuSeconds(machine));
    const taken = await seconds(() => ok(['run', '--rm', reference], { limitMs: 600_000 }));
    cpu.push((await cpuSeconds(service)) + (await cpuSeconds(machine)) - begun);
    first.push(taken);
    whole.push(pulled + taken);
    if (round > 0) continue;
    disk = (await diskMegabytes(home)) - before;
    guestDisk = (await guestMegabytes()) - room;
  }
  const ours = row('image/first-run', 's', first);
  add(ours);
  add(row('image/pull+first', 's', whole, { floor: fetched, target: 0.8 }));
  add(row('image/first-cpu', 's', cpu));
  add(row('image/first-peak', 'MB', [await peakMegabytes(service)], { target: 200 }));
  add(row('image/first-disk', 'MB', [disk]));
  add(row('image/guest-disk', 'MB', [guestDisk]));
  return ours.median;
}

/** What is used on the data disk. */
async function guestMegabytes(): Promise<number> {
  return Number(await guest("sync; df -k /var/lib/berth | awk 'NR == 2 { print $3 / 1000 }'"));
}

async function secondMachine({ add, address }: Bench, first: number): Promise<void> {
  await ok(['stop']);
  const second = (...words: string[]) => ok(['--machine', 'second', ...words], { limitMs: 600_000 });
  const taken: number[] = [];
  for (let round = 0; round < 3; round++) {
    await second('start', '-q');
    // The other machine had run containers before, too.
    await second('run', '--rm', 'busybox', 'true');
    taken.push(await seconds(() => second('run', '--rm', `${address}/bench`)));
    await second('stop');
    await ok(['machine', 'rm', '--force', 'second']);
  }
  add(row('image/second-run', 's', taken, { floor: first, target: 0.5 }));
  await ok(['start', '-q'], { limitMs: 240_000 });
}

/** Answers the seconds of podman's removal. */
async function eachRival({ add, address }: Bench, fetched: number): Promise<number> {
  await bringRivals('docker', 'podman');
  const reference = `${hostInGuest}:${address.split(':')[1] ?? ''}/bench`;
  const removals = new Map<Rival, number>();
  for (const rival of ['podman', 'docker'] as const) {
    const room = await guestMegabytes();
    const { machine } = await pids();
    const begun = await cpuSeconds(machine);
    const [taken, peak] = await pullBy(rival, reference);
    add(row(`image/${rival}`, 's', [taken], { floor: fetched }));
    add(row(`image/${rival}-peak`, 'MB', [peak]));
    add(row(`image/${rival}-cpu`, 's', [(await cpuSeconds(machine)) - begun]));
    add(row(`image/${rival}-disk`, 'MB', [(await guestMegabytes()) - room]));
    const removed = await seconds(() => guest(`${rivals}/run ${rival} rmi ${reference}`));
    add(row(`image/${rival}-rm`, 's', [removed]));
    removals.set(rival, removed);
  }
  return removals.get('podman') ?? 0;
}

/** Seconds, and the most memory that it had: of the command itself, or of the services that pull for it. */
async function pullBy(rival: Rival, reference: string): Promise<[taken: number, megabytes: number]> {
  let said = '';
  const taken = await seconds(async () => {
    said = await guest(`busybox time -v ${rivals}/run ${rival} pull ${reference} 2>&1`);
  });
  const own = Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(said)?.[1]);
  if (rival === 'podman') return [taken, (own * 1024) / 1e6];
  const peaks = await guest(
    "for pid in $(pidof dockerd containerd); do awk '/^VmHWM/ { print $2 }' /proc/$pid/status; done",
  );
  return [taken, peaks.split('\n').reduce((sum, kilobytes) => sum + (Number(kilobytes) * 1024) / 1e6, 0)];
}

async function remove({ add, address }: Bench, podman: number): Promise<void> {
  const taken = await seconds(() => ok(['image', 'rm', `${address}/bench`]));
  add(row('image/rm', 's', [taken], { floor: podman, target: 0.2 }));
}
