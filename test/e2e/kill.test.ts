/**
 * The host service, the agent and the virtual machine are killed at random moments of what concerns both stores. After a
 * new start both are whole and agree, and what was reported as done is there.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '../support/berth.ts';
import { ownHome, type OwnHome } from '../support/own-home.ts';
import { makeTar } from '../support/tar.ts';
import { until } from '../support/until.ts';

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), 'berth-kill-'));
test.after(() => rm(scratch, { recursive: true, force: true }));
const home = await ownHome({ after: (fn) => test.after(fn) });

let serial = 0;

/** An image that holds busybox's program and `bytes` that nobody has seen before. @returns its name */
async function newImage(bytes: number): Promise<string> {
  const name = `example/new:${++serial}`;
  const file = join(scratch, `${serial}.tar`);
  await writeFile(file, makeTar([{ path: 'data', data: randomBytes(bytes) }]));
  await home.ok(['import', file, name]);
  return name;
}

interface Work {
  /** Makes ready what the work needs. @returns the work */
  readonly prepare: () => Promise<() => Promise<Outcome>>;
  /** Milliseconds that the work takes at the least. */
  readonly length: number;
  /** What must be so after the next start, whether or not the work had come to its end. */
  readonly settled?: (outcome: Outcome, who: string) => Promise<void>;
}

/** What was told to be made is there. */
async function isMade({ code, stdout }: Outcome): Promise<void> {
  const made = stdout.trim();
  if (code === 0) assert.equal(await home.ok(['inspect', '-f', '{{.Id}}', made]), made);
}

async function isThere(name: string): Promise<boolean> {
  const { code, stderr } = await home.berth(['inspect', name]);
  assert.ok(code === 0 || stderr.startsWith('berth: There is no '), stderr);
  return code === 0;
}

const works: Readonly<Record<string, Work>> = {
  'a first run': {
    length: 1500,
    prepare: async () => {
      const name = await newImage(24 * MIB);
      return () => home.berth(['create', name, '/data']);
    },
    settled: isMade,
  },
  'a run': {
    length: 350,
    prepare: () => {
      const script = 'echo one; echo two >/file';
      return Promise.resolve(() => home.berth(['run', '--rm', '--name', 'passing', 'busybox', 'sh', '-c', script]));
    },
    settled: async () => {
      await until('it is gone', async () => !(await isThere('passing')));
    },
  },
  'rm and rmi': {
    length: 400,
    prepare: async () => {
      const name = await newImage(4 * MIB);
      const id = await home.ok(['create', name, '/data']);
      return async () => {
        const first = await home.berth(['rm', id]);
        return first.code === 0 ? home.berth(['rmi', name]) : first;
      };
    },
    settled: async ({ code }) => {
      if (code === 0) assert.equal(await isThere(`example/new:${serial}`), false);
    },
  },
  'a commit': {
    length: 1500,
    prepare: async () => {
      const id = await home.ok(['run', '-d', 'busybox', 'sh', '-c', 'head -c 20000000 /dev/urandom >/data']);
      await home.ok(['wait', id]);
      return () => home.berth(['commit', id, `example/committed:${++serial}`]);
    },
    settled: isMade,
  },
  'a commit of what runs': {
    length: 1500,
    prepare: async () => {
      const script = 'head -c 20000000 /dev/urandom >/data; touch /done; sleep 1000';
      await home.ok(['run', '-d', '--name', 'runs', 'busybox', 'sh', '-c', script]);
      await until('it has something', async () => (await home.berth(['exec', 'runs', 'ls', '/done'])).code === 0);
      return () => home.berth(['commit', 'runs', `example/committed:${++serial}`]);
    },
    settled: async (outcome, who) => {
      await isMade(outcome);
      const state = await home.ok(['inspect', '-f', '{{.State.Status}}', 'runs']);
      assert.equal(state, who === 'the agent' ? 'running' : 'exited');
      await home.ok(['rm', '-f', 'runs']);
    },
  },
  prune: {
    length: 800,
    prepare: async () => {
      const name = await newImage(4 * MIB);
      await home.ok(['create', '--name', 'idle', '-v', '/anonymous', name, '/data']);
      await home.ok(['rmi', '-f', name]);
      return () => home.berth(['system', 'prune', '-f', '--volumes']);
    },
    settled: async ({ code }) => {
      if (code === 0) assert.equal(await isThere('idle'), false);
      // What was begun is gone on with.
      await home.ok(['system', 'prune', '-f', '--volumes']);
      assert.equal(await isThere('idle'), false);
      assert.equal(await home.ok(['volume', 'ls', '--format', '{{.Name}}']), 'kept');
      assert.doesNotMatch(await home.ok(['images', '--format', '{{.Repository}}']), /<none>/);
    },
  },
};

/** A field of the status, empty where there is none now. */
const status = async (field: 'servicePid' | 'pid'): Promise<string> =>
  (await home.berth(['status', '--format', `{{.${field}}}`])).stdout.trim();

/** @returns what kills it, so many milliseconds after the call */
const kills: Readonly<Record<string, () => Promise<(afterMs: number) => Promise<unknown>>>> = {
  'the host service': () => killer('servicePid'),
  'the virtual machine': () => killer('pid'),
  'the agent': async () => {
    const pid = await home.ok(['ssh', '--', 'sh', '-c', "ps | awk '/[a]gent.mjs/ {print $1}' | head -1"]);
    return (afterMs) => home.berth(['ssh', '--', 'sh', '-c', `usleep ${afterMs * 1000}; kill -9 ${pid}`]);
  },
};

async function killer(field: 'servicePid' | 'pid'): Promise<(afterMs: number) => Promise<void>> {
  const pid = await status(field);
  assert.match(pid, /^\d+$/);
  return async (afterMs) => {
    await delay(afterMs);
    process.kill(Number(pid), 'SIGKILL');
    // Until its end is noticed, a start has nothing to do.
    await until('its end is noticed', async () => (await status(field)) !== pid);
  };
}

/** Both stores are whole, and hold no more than what is referred to. */
async function examine(of: OwnHome): Promise<void> {
  await of.ok(['start', '-q']);
  await until('the agent answers', async () => (await of.berth(['ps'])).code === 0);
  const check = await of.berth(['system', 'check']);
  assert.equal(check.code, 0, check.stdout + check.stderr);
  assert.match(check.stdout, /layers in the machine default: all is well/);
  assert.equal(await of.ok(['run', '--rm', 'busybox', 'echo', 'runs']), 'runs');
}

/** A machine's start takes ten seconds here: not every pair has its turn. */
const trials: readonly (readonly [work: string, kill: string])[] = [
  ['a first run', 'the host service'],
  ['a first run', 'the virtual machine'],
  ['a first run', 'the agent'],
  ['a run', 'the host service'],
  ['a run', 'the virtual machine'],
  ['a run', 'the agent'],
  ['rm and rmi', 'the host service'],
  ['rm and rmi', 'the virtual machine'],
  ['rm and rmi', 'the agent'],
  ['a commit', 'the host service'],
  ['a commit', 'the virtual machine'],
  ['a commit', 'the agent'],
  ['a commit of what runs', 'the agent'],
  ['prune', 'the host service'],
  ['prune', 'the virtual machine'],
  ['prune', 'the agent'],
];

async function trial(t: TestContext, [what, who]: readonly [string, string], random: number): Promise<void> {
  const { [what]: work } = works;
  const { [who]: aim } = kills;
  assert.ok(work && aim, `${what}, ${who}`);
  const run = await work.prepare();
  const afterMs = Math.floor(random * work.length);
  const strike = await aim();
  const [outcome] = await Promise.all([run(), strike(afterMs)]);
  t.diagnostic(`${who} in ${what} after ${afterMs} ms: exit code ${outcome.code}`);
  await examine(home);
  if (who === 'the host service') await endedInOrder();
  await work.settled?.(outcome, who);
}

/** The machine of a killed service was ended in order: its file system needed no journal. */
async function endedInOrder(): Promise<void> {
  assert.doesNotMatch(await home.ok(['ssh', '--', 'dmesg']), /EXT4-fs.*recovery complete/);
}

test('whatever is killed at whatever moment, both stores are whole after the next start', async (t) => {
  const seed = Number(process.env['BERTH_TEST_SEED'] ?? Date.now() % 100_000);
  t.diagnostic(`BERTH_TEST_SEED=${seed}`);
  let state = seed;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  await home.ok(['machine', 'set', '--memory', '768m']);
  await home.ok(['start', '-q']);
  await home.ok(['create', '--name', 'kept', '-v', 'kept:/data', 'busybox', 'true']);
  for (const pair of trials) {
    await trial(t, pair, random());
    if (pair[0] !== 'prune') assert.equal(await home.ok(['inspect', '-f', '{{.Name}}', 'kept']), '/kept');
  }
});
