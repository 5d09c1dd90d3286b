/** `GET /info`. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import { archOf } from './version-answer.ts';

export interface InfoFacts {
  readonly machine: string;
  readonly version: string;
  readonly arch: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly warnings: readonly string[];
}

const kernelNames: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

export function infoOf(facts: InfoFacts, counted: { containers: readonly ContainerInfo[]; images: number }) {
  const arch = archOf(facts.arch);
  return {
    ID: `berth-${facts.machine}`,
    ...containerCounts(counted.containers),
    Images: counted.images,
    Driver: 'overlay2',
    DriverStatus: [['Layers', 'EROFS']],
    DockerRootDir: '/var/lib/berth',
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'local'],
    },
    ...abilities,
    ...emptyParts,
    NFd: 0,
    NGoroutines: 0,
    NEventsListener: 0,
    SystemTime: new Date().toISOString(),
    KernelVersion: facts.kernel,
    OperatingSystem: 'Berth',
    OSVersion: facts.version,
    OSType: 'linux',
    Architecture: kernelNames[arch] ?? arch,
    NCPU: facts.cpus,
    MemTotal: facts.memoryBytes,
    Name: `berth-${facts.machine}`,
    ServerVersion: facts.version,
    Warnings: facts.warnings.length === 0 ? null : facts.warnings,
  };
}

function containerCounts(containers: readonly ContainerInfo[]) {
  const count = (...states: readonly string[]) =>
    containers.filter(({ state }) => states.includes(state.status)).length;
  return {
    Containers: containers.length,
    ContainersRunning: count('running'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited'),
  };
}

const abilities = {
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: true,
  PidsLimit: true,
  OomKillDisable: false,
  IPv4Forwarding: true,
  BridgeNfIptables: true,
  BridgeNfIp6tables: true,
  Debug: false,
  LoggingDriver: 'json-file',
  CgroupDriver: 'cgroupfs',
  CgroupVersion: '2',
  ExperimentalBuild: false,
  LiveRestoreEnabled: true,
  SecurityOptions: ['name=seccomp,profile=builtin', 'name=userns', 'name=cgroupns'],
};

const emptyParts = {
  IndexServerAddress: 'https://index.docker.io/v1/',
  RegistryConfig: {
    InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'],
    IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
    Mirrors: [],
    AllowNondistributableArtifactsCIDRs: null,
    AllowNondistributableArtifactsHostnames: null,
  },
  GenericResources: null,
  HttpProxy: '',
  HttpsProxy: '',
  NoProxy: '',
  Labels: [],
  Runtimes: { runc: { path: 'berth' } },
  DefaultRuntime: 'runc',
  Swarm: {
    NodeID: '',
    NodeAddr: '',
    LocalNodeState: 'inactive',
    ControlAvailable: false,
    Error: '',
    RemoteManagers: null,
  },
  Isolation: '',
  InitBinary: 'berth',
  ContainerdCommit: { ID: '', Expected: '' },
  RuncCommit: { ID: '', Expected: '' },
  InitCommit: { ID: '', Expected: '' },
  CDISpecDirs: [],
};
