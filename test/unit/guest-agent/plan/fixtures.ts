/** A plain specification and context, changed by each test where it matters. */
import type { ContainerContext } from '../../../../guest-agent/plan/context.ts';
import { planContainer } from '../../../../guest-agent/plan/container-plan.ts';
import { explainPlan } from '../../../../guest-agent/plan/explain.ts';
import type { ContainerSpec } from '../../../../guest-agent/protocol/container-spec.ts';

export const id = 'c0ffee5eed00'.padEnd(64, '0');

export function specOf(changes: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    image: { reference: 'busybox', id: `sha256:${'1'.repeat(64)}`, layers: [`sha256:${'2'.repeat(64)}`] },
    argv: ['sh', '-c', 'echo hi'],
    env: ['LANG=C'],
    workdir: '/',
    user: '',
    groupAdd: [],
    hostname: '',
    domainname: '',
    extraHosts: [],
    dns: [],
    tty: false,
    openStdin: false,
    stdinOnce: false,
    stopSignal: 'SIGTERM',
    stopTimeoutSeconds: 10,
    init: false,
    readOnlyRoot: false,
    autoRemove: false,
    labels: {},
    mounts: [],
    namespaces: {
      user: 'private',
      pid: 'private',
      ipc: 'private',
      uts: 'private',
      cgroup: 'private',
      network: 'bridge',
    },
    resources: {},
    security: {
      privileged: false,
      capAdd: [],
      capDrop: [],
      noNewPrivileges: false,
      seccomp: { kind: 'default' },
      systemPathsUnconfined: false,
    },
    rlimits: [],
    sysctls: {},
    devices: [],
    oomScoreAdj: 0,
    shmBytes: 0,
    ports: [],
    macAddress: '',
    log: { maxBytes: 0, maxFiles: 1 },
    ...changes,
  };
}

export function contextOf(changes: Partial<ContainerContext> = {}): ContainerContext {
  return {
    id,
    name: 'coffee',
    paths: {
      container: '/data/containers/c',
      scratch: '/run/berth/root',
      socket: '/run/berth/c/monitor.sock',
      state: '/run/berth/c',
      log: '/data/containers/c/log',
    },
    layerMounts: ['/run/berth/layers/a'],
    user: { uid: 0, gid: 0, groups: [], home: '/root' },
    idRange: { start: 1_000_000, count: 65_536 },
    joins: {},
    endpoints: [
      {
        bridge: 'berth0',
        hostInterface: 'vec0ffee',
        containerInterface: 'eth0',
        mac: '02:42:ac:1e:00:02',
        ipv4: '172.30.0.2',
        prefixLength: 16,
        gateway: '172.30.0.1',
        isolated: false,
      },
    ],
    mountSources: [],
    devices: [],
    deviceNumbers: { '/dev/vdb': { major: 254, minor: 16 } },
    files: { hosts: '127.0.0.1\tlocalhost\n', hostname: 'c\n', resolvConf: 'nameserver 10.0.2.3\n' },
    cgroup: '/sys/fs/cgroup/berth/c',
    cgroupParents: [],
    keptDevices: '/sys/fs/cgroup/kept-',
    holdForAttach: true,
    facts: {
      cpus: 2,
      memoryNodes: 1,
      memoryBytes: 1 << 30,
      pageSize: 4096,
      swap: true,
      ioWeight: true,
      architecture: 'amd64',
      kernel: '6.12.41',
    },
    ...changes,
  };
}

/** The plan's lines: `actor: detail`. */
export function lines(spec: ContainerSpec, context: ContainerContext): string[] {
  return explainPlan(planContainer(spec, context).plan).map(({ actor, detail }) => `${actor}: ${detail}`);
}
