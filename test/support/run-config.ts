import type { RunConfig } from '../../app/contract/index.ts';

/** What `berth run IMAGE` asks for without any flag. */
export function runConfig(change: Partial<RunConfig> = {}): RunConfig {
  return {
    ...{ image: 'busybox', platform: '', command: [], env: [], groupAdd: [], domainname: '', extraHosts: [], dns: [] },
    ...{ tty: false, openStdin: false, stdinOnce: false, init: false, readOnlyRoot: false, autoRemove: false },
    ...{ labels: {}, mounts: [], resources: {}, rlimits: [], sysctls: {}, devices: [], oomScoreAdj: 0, ports: [] },
    namespaces: {
      user: 'private',
      pid: 'private',
      ipc: 'private',
      uts: 'private',
      cgroup: 'private',
      network: 'bridge',
    },
    security: {
      ...{ privileged: false, capAdd: [], capDrop: [], noNewPrivileges: false, systemPathsUnconfined: false },
      seccomp: { kind: 'default' },
    },
    publishAll: false,
    macAddress: '',
    ...change,
  };
}
