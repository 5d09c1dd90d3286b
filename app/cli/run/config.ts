/** Options and arguments of `run` and `create` → what the host service is asked for. */
import type { RunConfig } from '../../contract/run-config.ts';
import type { Options } from '../command/options.ts';
import { badFlag } from '../command/usage-error.ts';
import { parseBytes } from '../flags/bytes.ts';
import { parseRestart, readHealthcheck } from '../flags/health.ts';
import { parseDevice, parseDeviceRule } from '../flags/devices.ts';
import { parseEnv, parseEnvFile, parseLabel, parseLabelFile } from '../flags/env.ts';
import { parseDns, parseExtraHost, parseMac, parsePlatform } from '../flags/hosts.ts';
import { parseSysctl, parseUlimit } from '../flags/limits.ts';
import { checkLogDriver, parseLogOptions } from '../flags/log-options.ts';
import { parseMount } from '../flags/mount.ts';
import { parseNamespaces } from '../flags/namespaces.ts';
import { readNetworks } from '../flags/networks.ts';
import { parseInteger } from '../flags/numbers.ts';
import { parsePort } from '../flags/ports.ts';
import { parseCapabilities, parseSecurityOptions } from '../flags/security.ts';
import { parseSignal } from '../flags/signals.ts';
import { parseTmpfs } from '../flags/tmpfs.ts';
import { parseVolume, type HostPaths } from '../flags/volume.ts';
import { readResources } from './resource-options.ts';

/** What of the host is looked at; a parameter, so that tests need no files. */
export interface RunHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paths: HostPaths;
  /** @throws EngineError naming the file. */
  readonly readFile: (path: string, flag: string) => string;
}

export interface RunRequest {
  readonly options: Options;
  readonly image: string;
  readonly command: readonly string[];
  /** The caller leaves at once: nobody is attached. */
  readonly detached: boolean;
}

export function runConfig({ options, image, command, detached }: RunRequest, host: RunHost): RunConfig {
  checkLogDriver(options.text('log-driver'));
  return {
    image,
    platform: mapText(options, 'platform', parsePlatform) ?? '',
    command: [...command],
    ...processPart(options, host, detached),
    ...identityPart(options, host),
    ...networkPart(options),
    ...isolationPart(options, host),
    mounts: mountsOf(options, host.paths),
    resources: readResources(options),
    readOnlyRoot: options.flag('read-only'),
    devices: options.list('device').map((text) => parseDevice(text)),
    deviceCgroupRules: options.list('device-cgroup-rule').map((text) => parseDeviceRule(text)),
    cgroupParent: options.text('cgroup-parent'),
    shmBytes: mapText(options, 'shm-size', parseBytes),
    log: parseLogOptions(options.list('log-opt')),
  };
}

function processPart(options: Options, host: RunHost, detached: boolean) {
  const openStdin = options.flag('interactive');
  const fromFiles = options
    .list('env-file')
    .flatMap((path) => parseEnvFile(host.readFile(path, '--env-file'), host.env, path));
  return {
    entrypoint: mapText(options, 'entrypoint', (text) => [text]),
    env: [...fromFiles, ...options.list('env').map((text) => parseEnv(text, host.env))],
    workdir: mapText(options, 'workdir', checkWorkdir),
    user: options.text('user'),
    groupAdd: [...options.list('group-add')],
    tty: options.flag('tty'),
    openStdin,
    stdinOnce: openStdin && !detached,
    stopSignal: mapText(options, 'stop-signal', parseSignal),
    stopTimeoutSeconds: mapText(options, 'stop-timeout', (text, flag) => parseInteger(text, flag, { from: -1 })),
    init: options.flag('init'),
    oomScoreAdj:
      mapText(options, 'oom-score-adj', (text, flag) => parseInteger(text, flag, { from: -1000, to: 1000 })) ?? 0,
  };
}

function identityPart(options: Options, host: RunHost) {
  const fromFiles = options.list('label-file').flatMap((path) => parseLabelFile(host.readFile(path, '--label-file')));
  return {
    hostname: mapText(options, 'hostname', checkHostname),
    domainname: options.text('domainname') ?? '',
    labels: Object.fromEntries([...fromFiles, ...options.list('label').map((text) => parseLabel(text))]),
    autoRemove: options.flag('rm'),
    restart: mapText(options, 'restart', parseRestart),
    healthcheck: readHealthcheck(options),
  };
}

function networkPart(options: Options) {
  return {
    extraHosts: options.list('add-host').map((text) => parseExtraHost(text)),
    dns: options.list('dns').map((text) => parseDns(text)),
    ...(options.has('dns-search') && { dnsSearch: [...options.list('dns-search')] }),
    ...(options.has('dns-option') && { dnsOptions: [...options.list('dns-option')] }),
    ports: options.list('publish').flatMap((text) => parsePort(text)),
    exposedPorts: [...options.list('expose')],
    publishAll: options.flag('publish-all'),
    macAddress: mapText(options, 'mac-address', parseMac) ?? '',
  };
}

function isolationPart(options: Options, host: RunHost) {
  const { mode, networks } = readNetworks(options);
  const security = parseSecurityOptions(options.list('security-opt'), (path) => readProfile(path, host));
  return {
    namespaces: parseNamespaces({
      userns: options.text('userns'),
      pid: options.text('pid'),
      ipc: options.text('ipc'),
      uts: options.text('uts'),
      cgroupns: options.text('cgroupns'),
      network: mode,
    }),
    ...(networks !== undefined && { networks }),
    security: {
      privileged: options.flag('privileged'),
      capAdd: parseCapabilities(options.list('cap-add'), '--cap-add'),
      capDrop: parseCapabilities(options.list('cap-drop'), '--cap-drop'),
      ...security,
    },
    rlimits: options.list('ulimit').map((text) => parseUlimit(text)),
    sysctls: Object.fromEntries(options.list('sysctl').map((text) => parseSysctl(text))),
  };
}

function mountsOf(options: Options, paths: HostPaths): RunConfig['mounts'] {
  return [
    ...options.list('volume').map((text) => parseVolume(text, paths)),
    ...options.list('mount').map((text) => ({ ...parseMount(text, paths), askedAs: 'mount' as const })),
    ...options.list('tmpfs').map((text) => parseTmpfs(text)),
  ];
}

function readProfile(path: string, host: RunHost): unknown {
  const text = host.readFile(path, '--security-opt');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badFlag('--security-opt', `seccomp=${path}`, 'the file is not JSON', "Give a profile in Docker's JSON form.");
  }
}

function mapText<T>(options: Options, name: string, parse: (text: string, flag: string) => T): T | undefined {
  const text = options.text(name);
  return text === undefined ? undefined : parse(text, `--${name}`);
}

function checkWorkdir(text: string, flag: string): string {
  if (text.startsWith('/')) return text;
  throw badFlag(flag, text, 'it is not an absolute path', 'Start it with "/".');
}

/** sethostname(2) takes 64 bytes. */
function checkHostname(text: string, flag: string): string {
  if (/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?$/.test(text)) return text;
  throw badFlag(flag, text, 'it is not a host name', 'Use at most 63 letters, digits, "-" and ".".');
}
