/** What the first container would wait for, done before it comes: the usual system call filter, and code that is compiled at its first use. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { boundingSet } from '../plan/capability.ts';
import { defaultFilter } from '../plan/seccomp/default-profile.ts';
import { encodePlan } from '../plan/wire.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import { draftPlan } from './container-create.ts';
import type { Engine } from './engine.ts';
import { newId } from './names.ts';

const usual: ContainerSpec = {
  image: { reference: '', id: '', layers: [`sha256:${'0'.repeat(64)}`] },
  argv: ['true'],
  env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
  workdir: '/',
  ...{ user: '', hostname: '', domainname: '', stopSignal: '', macAddress: '' },
  ...{ groupAdd: [], extraHosts: [], dns: [], mounts: [], rlimits: [], devices: [], ports: [] },
  ...{ tty: false, openStdin: false, stdinOnce: false, init: false, readOnlyRoot: false, autoRemove: true },
  ...{ stopTimeoutSeconds: 10, oomScoreAdj: 0, shmBytes: 64 << 20, labels: {}, resources: {}, sysctls: {} },
  namespaces: { user: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'bridge' },
  security: {
    ...{ privileged: false, noNewPrivileges: false, systemPathsUnconfined: false },
    ...{ capAdd: [], capDrop: [], seccomp: { kind: 'default' } },
  },
  log: { maxBytes: 1 << 20, maxFiles: 1 },
};

/** Makes nothing; between its steps requests have their turn. */
export async function warmUp(engine: Engine): Promise<void> {
  await nextTurn();
  const { architecture, kernel } = engine.facts;
  defaultFilter({ architecture, kernel, capabilities: boundingSet(usual.security) });
  await nextTurn();
  encodePlan(draftPlan(engine, newId(), usual).plan);
}
