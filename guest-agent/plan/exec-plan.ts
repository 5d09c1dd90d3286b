/** A further process in a running container: it joins the container's namespaces and cgroup, and gets its limits. */
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { ExecSpec } from '../protocol/exec.ts';
import type { GuestFacts, IdRange } from './context.ts';
import { environment, searchPath } from './environment.ts';
import { cloneFlag, flagNames } from './flags.ts';
import { effectiveNamespaces } from './namespaces-plan.ts';
import type { LaunchPlan } from './op.ts';
import { becomeRootOps, keyringOp, planProcess } from './process-plan.ts';
import type { ResolvedUser } from './user.ts';

export interface ExecContext {
  container: {
    id: string;
    spec: ContainerSpec;
    /** Its first process, as the guest sees it. */
    pid: number;
    cgroup: string;
    /** The ids it runs with, also when they are another container's; absent in the guest's user namespace. */
    idRange?: IdRange;
  };
  user: ResolvedUser;
  socket: string;
  state: string;
  holdForAttach: boolean;
  facts: GuestFacts;
}

/** Plans an exec. `user` of the specification is resolved in the context; an empty one is the container's. */
export function planExec(spec: ExecSpec, context: ExecContext): { plan: LaunchPlan; warnings: string[] } {
  const { container, user, facts } = context;
  const { idRange } = container;
  const flags = joinFlags(container.spec, idRange !== undefined);
  const process = planProcess({
    user,
    workdir: spec.workdir || container.spec.workdir,
    makeWorkdir: false,
    security: securityOf(spec, container.spec),
    rlimits: container.spec.rlimits,
    oomScoreAdj: container.spec.oomScoreAdj,
    tty: spec.tty,
    console: '',
    consoleSize: spec.consoleSize,
    ids: idRange,
    facts,
  });
  const plan: LaunchPlan = {
    monitor: {
      ...{ socket: context.socket, stateDir: context.state, logPath: '', logMaxBytes: 0n, logMaxFiles: 0 },
      ...{ tty: spec.tty, openStdin: spec.openStdin, stdinOnce: true, holdForAttach: context.holdForAttach },
    },
    before: process.before,
    join: [{ pid: container.pid, flags, why: `the container’s own: ${flagNames(flags, cloneFlag)}` }],
    clone: { flags: 0n, cgroup: container.cgroup, why: 'counted and limited with the container' },
    outside: process.outside,
    inside: [...becomeRootOps(idRange !== undefined), keyringOp(container.id), ...process.inside],
    exec: execOf(spec, context),
  };
  return { plan, warnings: process.warnings };
}

/** What the container shares with the guest needs no joining, and from its user namespace could not be joined. */
function joinFlags(spec: ContainerSpec, mapped: boolean): bigint {
  const effective = effectiveNamespaces(spec);
  const kinds: readonly [boolean, bigint][] = [
    [true, cloneFlag.CLONE_NEWNS],
    [mapped, cloneFlag.CLONE_NEWUSER],
    [effective.pid !== 'guest', cloneFlag.CLONE_NEWPID],
    [effective.ipc !== 'guest', cloneFlag.CLONE_NEWIPC],
    [effective.network !== 'guest', cloneFlag.CLONE_NEWNET],
    [effective.uts !== 'guest', cloneFlag.CLONE_NEWUTS],
    [effective.cgroup !== 'guest', cloneFlag.CLONE_NEWCGROUP],
  ];
  return kinds.reduce((flags, [wanted, flag]) => (wanted ? flags | flag : flags), 0n);
}

/** `--privileged` gives an exec all capabilities and no filter, within the container's user namespace. */
function securityOf(spec: ExecSpec, container: ContainerSpec): ContainerSpec['security'] {
  return spec.privileged ? { ...container.security, privileged: true } : container.security;
}

function execOf(spec: ExecSpec, { container, user }: ExecContext): LaunchPlan['exec'] {
  const hostname = container.spec.hostname || container.id.slice(0, 12);
  const env = environment({
    env: [...container.spec.env, ...spec.env],
    hostname,
    home: user.home,
    tty: spec.tty,
  });
  return { argv: spec.argv, env, searchPath: searchPath(env), init: false, why: 'the program' };
}
