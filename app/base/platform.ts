/**
 * What the host is and where the product keeps its files. The only reader of `process.platform`; everything else is
 * told by parameter, so that the rules of each system are tested on every system.
 */
import { createHash } from 'node:crypto';
import * as os from 'node:os';
import { posix, win32 } from 'node:path';
import { EngineError } from './error.ts';

export type HostOs = 'linux' | 'darwin' | 'win32';
export type HostArch = 'x64' | 'arm64';

export interface HostPlatform {
  readonly os: HostOs;
  readonly arch: HostArch;
}

/** Sizes in MiB. `uid`/`gid` are -1 on Windows. */
export interface HostFacts extends HostPlatform {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly freeMemoryMiB: number;
  readonly uid: number;
  readonly gid: number;
}

/** Folders by role; each is for the user alone (mode 0700). */
export interface StateDirs {
  /** What must survive: machines with their disks and keys, images, volumes of the host side. */
  readonly data: string;
  /** Logs, remembered verdicts. */
  readonly state: string;
  /** What may be deleted at any time. */
  readonly cache: string;
  /** Sockets and pid files; short enough that every socket below it fits `sun_path`. */
  readonly runtime: string;
  /** The host service's unix socket (mode 0600), or its named pipe on Windows. */
  readonly controlSocket: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** `sun_path` is 108 bytes on Linux (unix(7)) and 104 on macOS (unix(4)), a NUL included; 38 go to `/MACHINE/fs10.sock`. */
const SOCKET_PATH_LIMIT: Record<HostOs, number> = { linux: 107, darwin: 103, win32: 107 };
const BELOW_RUNTIME = 38;

/** @throws EngineError `unsupported` on a system or processor that the product does not run on. */
export function hostPlatform(): HostPlatform {
  const { platform, arch } = process;
  if (platform !== 'linux' && platform !== 'darwin' && platform !== 'win32')
    throw new EngineError('unsupported', `This operating system (${platform}) is not supported.`);
  if (arch !== 'x64' && arch !== 'arm64')
    throw new EngineError('unsupported', `This processor architecture (${arch}) is not supported.`);
  return { os: platform, arch };
}

export function hostFacts(): HostFacts {
  return {
    ...hostPlatform(),
    cpus: os.availableParallelism(),
    memoryMiB: Math.floor(os.totalmem() / 2 ** 20),
    freeMemoryMiB: Math.floor(os.freemem() / 2 ** 20),
    // Not by name: a user may have none (an arbitrary id in CI).
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
  };
}

/**
 * Folders by the platform's convention: XDG base directories on Linux, `~/Library` on macOS, `%LOCALAPPDATA%` on
 * Windows. `BERTH_HOME` puts everything under one folder instead.
 */
export function stateDirs(platform: HostPlatform, env: Env, home: string): StateDirs {
  const roots = folders(platform, env, home);
  if (platform.os === 'win32') {
    return { ...roots, controlSocket: `\\\\.\\pipe\\berth-${shortHash(roots.data.toLowerCase())}` };
  }
  const runtime = shortEnough(platform.os, roots.runtime, env);
  return { ...roots, runtime, controlSocket: posix.join(runtime, 'control.sock') };
}

/** The folders of this process's user. */
export function ownStateDirs(): StateDirs {
  const platform = hostPlatform();
  // What os.homedir() begins with, too, but without loading node:os into every short command.
  const home = platform.os === 'win32' ? undefined : process.env['HOME'];
  return stateDirs(platform, process.env, home || os.homedir());
}

function folders(platform: HostPlatform, env: Env, home: string): Omit<StateDirs, 'controlSocket'> {
  const join = (...parts: string[]) => (platform.os === 'win32' ? win32 : posix).join(...parts);
  const under = (root: string) => ({
    data: join(root, 'data'),
    state: join(root, 'state'),
    cache: join(root, 'cache'),
    runtime: join(root, 'run'),
  });
  if (env['BERTH_HOME']) return under(env['BERTH_HOME']);
  if (platform.os === 'win32') return under(join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'Berth'));
  if (platform.os === 'darwin') {
    return {
      ...under(join(home, 'Library', 'Application Support', 'Berth')),
      cache: join(home, 'Library', 'Caches', 'Berth'),
    };
  }
  const state = join(absolute(env['XDG_STATE_HOME']) ?? join(home, '.local', 'state'), 'berth');
  const runtimeRoot = absolute(env['XDG_RUNTIME_DIR']);
  return {
    data: join(absolute(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'berth'),
    state,
    cache: join(absolute(env['XDG_CACHE_HOME']) ?? join(home, '.cache'), 'berth'),
    runtime: runtimeRoot === undefined ? join(state, 'run') : join(runtimeRoot, 'berth'),
  };
}

/** The XDG base directory specification tells readers to ignore relative paths. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && posix.isAbsolute(path) ? path : undefined;
}

function shortEnough(hostOs: HostOs, runtime: string, env: Env): string {
  if (Buffer.byteLength(runtime) + BELOW_RUNTIME <= SOCKET_PATH_LIMIT[hostOs]) return runtime;
  const tmp = posix.join(env['TMPDIR'] ?? '/tmp', `berth-${shortHash(runtime)}`);
  const fits = Buffer.byteLength(tmp) + BELOW_RUNTIME <= SOCKET_PATH_LIMIT[hostOs];
  return fits ? tmp : `/tmp/berth-${shortHash(runtime)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
