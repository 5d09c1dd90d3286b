/**
 * `npm run bench [-- --json FILE] [--rounds N] [--only containers|images|docker|ports]`: one boot of a guest that also
 * holds crun and runc, pulls of an image, Docker's commands, published ports; prints medians and ratios to a floor or a
 * rival measured in the same run. Never part of the tests: what it prints is for people and for comparison.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { protocolVersion } from '../../guest-agent/protocol/version.ts';
import { berth, berthScript, ok } from '../support/berth.ts';
import { bareBoot, sameMachine } from './bare-boot.ts';
import { pids } from './image-bench.ts';
import { line, median, row, type Row } from './report.ts';
import { images } from './images.ts';
import { guestTools, home as guestHome, layLibraries } from './guest-tools.ts';
import { docker } from './docker.ts';
import { ports } from './ports.ts';
import { startUp } from './start-up.ts';

const run = promisify(execFile);
const { values } = parseArgs({
  options: { json: { type: 'string' }, rounds: { type: 'string', default: '20' }, only: { type: 'string' } },
});
const rounds = Number(values.rounds);
const rows: Row[] = [];
const add = (r: Row): void => {
  rows.push(r);
  console.log(line(r));
};

const home = await mkdtemp(join(tmpdir(), 'berth-bench-'));
process.env.BERTH_HOME = home;

/** Beside the agent, in its words. */
const client = `PROTOCOL_VERSION=${protocolVersion} node ${guestHome}/client.ts`;
const guest = (script: string): Promise<string> => ok(['ssh', '--', 'sh', '-c', script], { limitMs: 600_000 });
const milliseconds = (text: string): number[] =>
  text
    .trim()
    .split('\n')
    .map((ns) => Number(ns) / 1e6);
const agent = async (...args: string[]): Promise<number[]> =>
  (JSON.parse(await guest(`${client} ${args.join(' ')}`)) as { ns: number[] }).ns.map((ns) => ns / 1e6);
const floor = async (words: string): Promise<number[]> =>
  milliseconds(await guest(`cd ${guestHome} && ./floor ${words}`));

async function starts(): Promise<void> {
  const bare = median(await floor(`start lower scratch ${rounds}`));
  add(row('floor/start', 'ms', [bare]));
  // The agent's code is compiled as it is used: a few starts before those that count, as in any session.
  await agent('start', 'bridge', '10');
  const none = await agent('start', 'none', String(rounds));
  add(row('start/none', 'ms', none, { floor: bare, target: 2.5 }));
  add(row('start/bridge', 'ms', await agent('start', 'bridge', String(rounds)), { floor: bare, target: 3.5 }));
  for (const rival of ['crun', 'runc']) {
    const theirs = await floor(`overlay lower bundle 5 rivals/usr/bin/${rival} run --bundle bundle bench-${rival}`);
    add(row(`start/${rival}`, 'ms', theirs, { floor: bare }));
    // Neither makes a network, so that without one is what they are compared with.
    add(row(`start/none:${rival}`, 'ms', none, { floor: median(theirs), target: 1 }));
  }
  const whole: number[] = [];
  for (let i = 0; i < Math.max(5, rounds / 2); i++) {
    const begin = performance.now();
    await ok(['run', '--rm', 'busybox', 'true']);
    whole.push(performance.now() - begin);
  }
  add(row('run/host', 'ms', whole, { floor: bare }));
}

async function execs(): Promise<void> {
  // The floor installs no filter of system calls: the container without one is what it is fair to; the other, what is usual.
  for (const [name, flags] of [
    ['exec', []],
    ['exec/unconfined', ['--security-opt', 'seccomp=unconfined']],
  ] as const) {
    const id = await ok(['run', '-d', ...flags, 'busybox', 'sleep', '10000']);
    const pid = await ok(['inspect', '--format', '{{.State.Pid}}', id]);
    const bare = median(await floor(`exec ${pid} ${rounds}`));
    add(row(`floor/${name}`, 'ms', [bare]));
    add(row(name, 'ms', await agent('exec', id, String(rounds)), { floor: bare, target: 2.5 }));
    await ok(['rm', '-f', id]);
  }
}

async function memory(): Promise<void> {
  const idle = await ok(['run', '-d', 'busybox', 'sleep', '10000']);
  // As free(1) counts it: without the page cache, which the kernel gives up by itself.
  const used = await guest("free -k | awk '/^Mem/ { print $3 / 1000 }'");
  add(row('memory/guest', 'MB', [Number(used)], { target: 120 }));
  const seen = JSON.parse(await guest(`${client} memory`)) as {
    agentRssBytes: number;
    monitorRssBytes: number[];
  };
  add(row('memory/agent', 'MB', [seen.agentRssBytes / 1e6], { target: 70 }));
  add(
    row(
      'memory/monitor',
      'MB',
      seen.monitorRssBytes.map((b) => b / 1e6),
      { target: 1 },
    ),
  );
  await ok(['rm', '-f', idle]);
}

async function logs(): Promise<void> {
  const bytes = 64 << 20;
  const bare = median(
    await floor(`run 3 sh -c 'dd if=/dev/zero bs=64k count=${bytes >> 16} 2>/dev/null | cat > copied'`),
  );
  const taken = median(await agent('log', String(bytes), '3'));
  add(row('log', 'MB/s', [bytes / 1e3 / taken], { floor: bytes / 1e3 / bare }));
}

async function boots(): Promise<void> {
  const ours: number[] = [];
  for (let i = 0; i < 3; i++) {
    await ok(['stop']);
    await ok(['start'], { limitMs: 240_000 });
    ours.push((JSON.parse(await ok(['status', '--format', 'json'])) as { bootMs: number }).bootMs);
  }
  const bare = await bareBoot(home, await sameMachine((await pids()).machine), 3);
  add(row('floor/boot', 'ms', bare));
  add(row('boot', 'ms', ours, { floor: median(bare), target: 1.8 }));
}

async function containers(): Promise<void> {
  for (const r of await startUp(rounds)) add(r);
  await ok(['start'], { limitMs: 240_000 });
  await ok(['create', '--name', 'bench', 'busybox', 'true']);
  const archive = await guestTools(home);
  await run(
    'sh',
    ['-c', `"$0" ssh -- sh -c 'mkdir -p ${guestHome} && tar -x -C ${guestHome}' < "$1"`, berthScript, archive],
    { env: process.env },
  );
  await memory();
  await guest(layLibraries);
  await starts();
  await execs();
  await logs();
  await boots();
}

const parts = {
  images: () => images(add, home),
  docker: () => docker({ add, home, rounds }),
  ports: () => ports({ add, home, rounds }),
  containers,
};

try {
  await ok(['machine', 'set', '--cpus', '2', '--memory', '1536m']);
  for (const [name, part] of Object.entries(parts)) if ((values.only ?? name) === name) await part();
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(rows, null, 2) + '\n');
} finally {
  const stopped = await berth(['stop', '--service']);
  if (stopped.code !== 0) console.error(stopped.stderr, await readFile(join(home, 'log'), 'utf8').catch(() => ''));
  await rm(home, { recursive: true, force: true });
}
