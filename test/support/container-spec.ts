/** A plain container's specification, as the host would send it. */
import type { ContainerSpec } from '../../guest-agent/protocol/container-spec.ts';

/** Its layer: whoever starts the container must have sent it. */
export const plainLayer = `sha256:${'1'.repeat(64)}`;

export function containerSpec(changes: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    image: { reference: 'busybox', id: `sha256:${'0'.repeat(64)}`, layers: [plainLayer] },
    argv: ['true'],
    env: [],
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
    stopSignal: '',
    stopTimeoutSeconds: 10,
    init: false,
    readOnlyRoot: false,
    autoRemove: false,
    labels: {},
    mounts: [],
    namespaces: { user: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'none' },
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
    shmBytes: 67_108_864,
    ports: [],
    macAddress: '',
    log: { maxBytes: 10_000_000, maxFiles: 3 },
    ...changes,
  };
}
