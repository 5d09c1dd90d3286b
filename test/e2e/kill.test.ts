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
}

const works: Readonly<Record<string, Work>> = {
  'a first run': {
    length: 1500,
    prepare: async () => {
      const name = await newImage(24 * MIB);
      return () => home.berth(['create', name, '/data']);
    },
  },
  'a run': {
    length: 600,
    prepare: () =>
      Promise.resolve(() => home.berth(['run', '--rm', 'busybox', 'sh', '-c', 'echo one; echo two >/file'])),
  },
  'rm and rmi': {
    length: 500,
    prepare: async () => {
      const name = await newImage(4 * MIB);
      const id = await home.ok(['create', name, '/data']);
      return async () => {
        const first = await home.berth(['rm', id]);
        return first.code === 0 ? home.berth(['rmi', name]) : first;
      };
    },
  },
  'a commit': {
    length: 1500,
    prepare: async () => {
      const id = await home.ok(['run', '-d', 'busybox', 'sh', '-c', 'head -c 20000000 /dev/urandom >/data']);
      await home.ok(['wait', id]);
      return () => home.berth(['commit', id, `example/committed:${++serial}`]);
    },
  },
  prune: {
    length: 800,
    prepare: async () => {
      const name = await newImage(4 * MIB);
      await home.ok(['create', name, '/data']);
      await home.ok(['rmi', '-f', name]);
      return () => home.berth(['system', 'prune', '-f', '--volumes']);
    },
  },
};

const pids = async (): Promise<{ service: number; vm: number }> => {
  const [service, vm] = (await home.ok(['status', '--format', '{{.servicePid}} {{.pid}}'])).split(' ').map(Number);
  assert.ok(service !== undefined && vm !== undefined);
  return { service, vm };
};

/** @returns what kills it, so many milliseconds after the call */
const kills: Readonly<Record<string, () => Promise<(afterMs: number) => Promise<unknown>>>> = {
  'the host service': async () => killer((await pids()).service),
  'the virtual machine': async () => killer((await pids()).vm),
  'the agent': async () => {
    const pid = await home.ok(['ssh', '--', 'sh', '-c', "ps | awk '/[a]gent.mjs/ {print $1}' | head -1"]);
    return (afterMs) => home.berth(['ssh', '--', 'sh', '-c', `usleep ${afterMs * 1000}; kill -9 ${pid}`]);
  },
};

function killer(pid: number): (afterMs: number) => Promise<void> {
  return (afterMs) =>
    new Promise((resolve) => {
      setTimeout(() => {
        process.kill(pid, 'SIGKILL');
        resolve();
      }, afterMs);
    });
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
  ['a run', 'the virtual machine'],
  ['rm and rmi', 'the host service'],
  ['rm and rmi', 'the agent'],
  ['a commit', 'the host service'],
  ['a commit', 'the virtual machine'],
  ['a commit', 'the agent'],
  ['prune', 'the virtual machine'],
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
  const made = outcome.code === 0 && ['a first run', 'a commit'].includes(what) ? outcome.stdout.trim() : undefined;
  await examine(home);
  if (made !== undefined) assert.equal(await home.ok(['inspect', '-f', '{{.Id}}', made]), made);
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
