/** A launcher of one's own, and plans for it: busybox in an overlay with all namespaces, as small as they can be. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../../../guest-agent/effects/linux/launch.ts';
import { LauncherLine } from '../../../guest-agent/effects/linux/launcher-line.ts';
import { attach, readFrames } from '../../../guest-agent/effects/linux/monitor-client.ts';
import { monitorFrame } from '../../../guest-agent/effects/frames.ts';
import { cloneFlag, mountFlag } from '../../../guest-agent/plan/flags.ts';
import type { LaunchPlan, Op } from '../../../guest-agent/plan/op.ts';
import { utf8 } from '../../../guest-agent/plan/utf8.ts';
import { buildLauncher, launcherPath } from '../../../scripts/build/launcher.ts';

/** Why these tests cannot run here; false when they can. */
export const skip: string | false = whySkip();

function whySkip(): string | false {
  if (process.getuid?.() !== 0) return 'launching containers needs root';
  const probe = spawnSync('unshare', ['--user', '--map-root-user', '--mount', '--pid', '--fork', 'true']);
  if (probe.status !== 0) return 'this kernel refuses new namespaces';
  if (!existsSync('/bin/busybox')) return 'busybox-static is not installed';
  return false;
}

/** Where cgroup v2 is mounted, if it is. */
export const cgroupRoot: string | undefined = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(
  (folder) => existsSync(join(folder, 'cgroup.procs')) && existsSync(join(folder, 'cgroup.controllers')),
);

export interface Fixture {
  readonly folder: string;
  readonly socket: string;
  readonly launcher: LauncherLine;
  readonly lower: string;
  readonly server: ChildProcess;
  stop(): void;
}

export async function startLauncher(): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-launcher-'));
  chmodSync(folder, 0o755);
  const program = join(folder, 'berth-launcher');
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  await buildLauncher(arch);
  copyFileSync(launcherPath(arch), program);
  const socket = join(folder, 'launcher.sock');
  const server = spawn(program, ['serve', socket], { stdio: ['ignore', 'inherit', 'inherit'] });
  while (!existsSync(socket)) await new Promise((resolve) => setImmediate(resolve));
  const lower = makeRoot(folder);
  const launcher = new LauncherLine(socket);
  const stop = (): void => {
    launcher.release();
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, socket, launcher, lower, server, stop };
}

const applets =
  'sh cat echo id ls ps sleep true false head tail wc mount stat tty stty kill readlink hostname dd env ip cut grep'.split(
    ' ',
  );

function makeRoot(folder: string): string {
  const lower = join(folder, 'lower');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'data'])
    mkdirSync(join(lower, name), { recursive: true });
  copyFileSync('/bin/busybox', join(lower, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(lower, 'bin', name));
  return lower;
}

const { CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET } = cloneFlag;
export const allNamespaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;

let count = 0;

export interface PlanOptions extends Partial<LaunchPlan['monitor']> {
  argv: readonly string[];
  env?: readonly string[];
  init?: boolean;
  inside?: Op[];
  outside?: Op[];
  before?: Op[];
}

/** The bare minimum: no namespace, no operation. */
export function barePlan(fixture: Fixture, options: PlanOptions): LaunchPlan {
  const { argv, env = [], init = false, before = [], outside = [], inside = [], ...monitor } = options;
  count += 1;
  const stateDir = join(fixture.folder, `state-${count}`);
  mkdirSync(stateDir);
  return {
    monitor: {
      ...{ socket: join(stateDir, 'monitor.sock'), stateDir, logPath: join(stateDir, 'log'), logMaxBytes: 0n },
      ...{ logMaxFiles: 3, tty: false, openStdin: false, stdinOnce: false, holdForAttach: false },
      ...monitor,
    },
    before,
    join: [],
    clone: { flags: 0n, cgroup: '', why: 'test' },
    outside,
    inside,
    exec: { argv, env, searchPath: ['/usr/bin', '/bin'], init, why: 'test' },
  };
}

export const containerIds = { first: 100_000, count: 65_536 };
const why = 'test';

/** A container in an overlay of the fixture's root, in a user namespace of its own. */
export function containerPlan(fixture: Fixture, options: PlanOptions): LaunchPlan {
  const plan = barePlan(fixture, options);
  const state = plan.monitor.stateDir;
  for (const name of ['scratch', 'rw']) mkdirSync(join(state, name));
  chmodSync(state, 0o755);
  const scratch = join(state, 'scratch');
  const map = utf8(`0 ${containerIds.first} ${containerIds.count}\n`);
  const bind = (slot: number, source: string, name: string): Op[] => [
    { op: 'mkdir', path: `${scratch}/${name}`, mode: 0o755, why },
    { op: 'openTree', slot, source, recursive: 0, idmap: 1, attr: 0n, under: 0, why },
    { op: 'moveMount', slot, target: `${scratch}/${name}`, why },
  ];
  return {
    ...plan,
    before: [
      { op: 'unshare', flags: CLONE_NEWNS, why },
      { op: 'propagation', flags: mountFlag.MS_PRIVATE, why },
      { op: 'mkdir', path: join(state, 'rw/upper'), mode: 0o755, why },
      { op: 'mkdir', path: join(state, 'rw/work'), mode: 0o755, why },
      ...plan.before,
    ],
    clone: { flags: allNamespaces, cgroup: '', why },
    outside: [
      { op: 'write', path: '/proc/{pid}/uid_map', data: map, why },
      { op: 'write', path: '/proc/{pid}/gid_map', data: map, why },
      { op: 'mount', source: 'berth', target: scratch, type: 'tmpfs', flags: 0n, data: 'mode=0755', why },
      { op: 'chdir', path: scratch, why },
      ...bind(0, fixture.lower, '0'),
      ...bind(1, join(state, 'rw'), 'w'),
      { op: 'mkdir', path: `${scratch}/root`, mode: 0o755, why },
      { op: 'fsids', uid: containerIds.first, gid: containerIds.first, why },
      {
        ...{ op: 'mount', source: 'overlay', target: `${scratch}/root`, type: 'overlay', flags: 0n, why },
        data: 'lowerdir=0,upperdir=w/upper,workdir=w/work',
      },
      { op: 'fsids', uid: 0, gid: 0, why },
      { op: 'openTree', slot: 8, source: '/dev/null', recursive: 0, idmap: 0, attr: 0n, under: 0, why },
      { op: 'openTree', slot: 2, source: `${scratch}/root`, recursive: 0, idmap: 0, attr: 0n, under: 0, why },
      ...plan.outside,
    ],
    inside: [
      { op: 'unshare', flags: cloneFlag.CLONE_NEWCGROUP, why },
      { op: 'createMount', slot: 3, type: 'proc', source: 'proc', attr: 0xen, data: '', why },
      { op: 'pivotRoot', slot: 2, scratch, why },
      { op: 'setgroups', gids: new Uint8Array(0), why },
      { op: 'setids', uid: 0, gid: 0, why },
      { op: 'placeMount', slot: 3, target: '/proc', create: 1, why },
      { op: 'mount', source: 'dev', target: '/dev', type: 'tmpfs', flags: mountFlag.MS_NOSUID, data: 'mode=0755', why },
      { op: 'mkdir', path: '/dev/pts', mode: 0o755, why },
      {
        ...{ op: 'mount', source: 'devpts', target: '/dev/pts', type: 'devpts', flags: 0n, why },
        data: 'newinstance,ptmxmode=0666,mode=0620,gid=5',
      },
      { op: 'symlink', target: 'pts/ptmx', path: '/dev/ptmx', why },
      { op: 'sethostname', name: 'box', why },
      ...plan.inside,
    ],
  };
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly signal: number;
}

/** Launches held, attaches with all ends, optionally sends input, and reads to the end. */
export async function runAttached(
  fixture: Fixture,
  plan: LaunchPlan,
  input?: Buffer,
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let exit: Buffer | undefined;
  let ended: Promise<void> | undefined;
  const onReady = (): void => {
    ended = prepare().then(async () => {
      const socket = await attach(plan.monitor.socket, { stdin: true, stdout: true, stderr: true });
      if (input !== undefined) socket.write(input);
      await readFrames(socket, ({ kind, payload }) => {
        if (kind === monitorFrame.stdout) out.push(payload);
        if (kind === monitorFrame.stderr) err.push(payload);
        if (kind === monitorFrame.exit) exit = payload;
      });
    });
  };
  await launch(fixture.launcher, { ...plan, monitor: { ...plan.monitor, holdForAttach: true } }, onReady);
  await ended;
  if (exit === undefined) throw new Error('the stream ended without an exit frame');
  return {
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
    exitCode: exit.readInt32LE(0),
    signal: exit.readInt32LE(4),
  };
}
