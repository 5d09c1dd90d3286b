/**
 * The last steps of every process that a container runs, its first and those of exec alike: limits, folder, and giving up
 * privilege in the order that the kernel allows.
 */
import { EngineError } from '../protocol/errors.ts';
import type { ContainerSpec, Security, TerminalSize } from '../protocol/container-spec.ts';
import { boundingSet, capabilityMask, type CapabilityName } from './capability.ts';
import type { GuestFacts, IdRange } from './context.ts';
import { isMapped } from './id-map.ts';
import { u32 } from './netlink-message.ts';
import type { Op } from './op.ts';
import { rlimitOps } from './rlimit.ts';
import { compileSeccomp } from './seccomp/compile.ts';
import { defaultFilter } from './seccomp/default-profile.ts';
import { utf8 } from './utf8.ts';
import type { ResolvedUser } from './user.ts';

export interface ProcessInput {
  user: ResolvedUser;
  workdir: string;
  /** A missing working directory is made; else it is an error. */
  makeWorkdir: boolean;
  security: Security;
  rlimits: ContainerSpec['rlimits'];
  oomScoreAdj: number;
  tty: boolean;
  /** Empty: the terminal is bound nowhere. */
  console: string;
  /** Of the terminal at first. */
  consoleSize: TerminalSize | undefined;
  /** Ids of the container; undefined in the guest's user namespace. */
  ids: IdRange | undefined;
  facts: GuestFacts;
}

export interface ProcessPlan {
  before: Op[];
  outside: Op[];
  inside: Op[];
  warnings: string[];
}

/**
 * From the guest's root, which the container does not know, to the container's root: what is made from then on belongs to
 * the container. Nothing to do in the guest's user namespace.
 */
export function becomeRootOps(mapped: boolean): Op[] {
  if (!mapped) return [];
  return [
    { op: 'setgroups', gids: new Uint8Array(0), why: 'none of the guest’s groups' },
    { op: 'setids', uid: 0, gid: 0, why: 'root of the container, so that what is made belongs to it' },
  ];
}

/** A session keyring of the container's name: keys of the guest and of other containers are out of reach. */
export function keyringOp(containerId: string): Op {
  return { op: 'keyring', name: `_ses.${containerId.slice(0, 12)}`, why: 'keys of the container alone' };
}

/** Mask that a shell or a daemon expects. */
const usualMask = 0o022;

export function planProcess(input: ProcessInput): ProcessPlan {
  const { user, security } = input;
  checkIds(input);
  const names = boundingSet(security);
  const warnings: string[] = [];
  const limits = rlimitOps(input.rlimits);
  const filter = seccompOps(security, names, input.facts, warnings);
  const nnp: Op[] = security.noNewPrivileges
    ? [{ op: 'noNewPrivileges', why: '--security-opt no-new-privileges: setuid programs give nothing' }]
    : [];
  const inside: Op[] = [
    { op: 'setsid', why: 'a session of its own' },
    stdioOp(input),
    ...workdirOps(input),
    ...limits.inside,
    { op: 'umask', mask: usualMask, why: 'the usual mask' },
    ...(security.noNewPrivileges ? nnp : filter),
    ...identityOps(user, names),
    ...(security.noNewPrivileges ? filter : []),
  ];
  return { before: limits.before, outside: [oomOp(input.oomScoreAdj)], inside, warnings };
}

function workdirOps({ workdir, makeWorkdir }: ProcessInput): Op[] {
  const path = workdir === '' ? '/' : workdir;
  const go: Op = { op: 'chdir', path, why: 'working directory' };
  return path === '/' || !makeWorkdir
    ? [go]
    : [{ op: 'makeDirs', path, mode: 0o755, why: 'working directory, if it is missing' }, go];
}

/** As Docker: root keeps the set, anybody else starts with none; nothing is inheritable or ambient. */
function identityOps(user: ResolvedUser, names: readonly CapabilityName[]): Op[] {
  const mask = capabilityMask(names);
  const own = user.uid === 0 ? mask : 0n;
  const list = names.length === 0 ? 'none' : `${names.length} capabilities`;
  return [
    { op: 'bounding', bounding: mask, why: `no program can ever gain more than ${list}` },
    { op: 'setgroups', gids: packIds(user.groups), why: 'supplementary groups' },
    { op: 'setids', uid: user.uid, gid: user.gid, why: `user ${user.uid}, group ${user.gid}` },
    {
      op: 'capabilities',
      bounding: mask,
      effective: own,
      permitted: own,
      inheritable: 0n,
      ambient: 0n,
      why: user.uid === 0 ? `root with ${list}` : 'no capabilities for a user other than root',
    },
  ];
}

function seccompOps(security: Security, capabilities: readonly string[], facts: GuestFacts, warnings: string[]): Op[] {
  const { kind } = security.seccomp;
  if (kind === 'unconfined' || (kind === 'default' && security.privileged)) return [];
  const context = { architecture: facts.architecture, kernel: facts.kernel, capabilities };
  const filter =
    security.seccomp.kind === 'profile' ? compileSeccomp(security.seccomp.profile, context) : defaultFilter(context);
  if (kind === 'profile' && filter.unknownNames.length > 0)
    warnings.push(`seccomp profile: unknown system calls without effect: ${filter.unknownNames.join(', ')}`);
  const why =
    kind === 'profile' ? 'the profile given by --security-opt seccomp' : 'Docker’s default system call filter';
  return [{ op: 'seccomp', program: filter.program, flags: filter.flags, why }];
}

function oomOp(adjustment: number): Op {
  if (!Number.isInteger(adjustment) || adjustment < -1000 || adjustment > 1000)
    throw new EngineError('invalid-argument', `--oom-score-adj ${adjustment}: the range is -1000 to 1000`, {
      hint: 'Choose a number of that range.',
    });
  const why = adjustment === 0 ? 'as likely a victim as any, whatever the agent is' : '--oom-score-adj';
  return { op: 'write', path: '/proc/{pid}/oom_score_adj', data: utf8(String(adjustment)), why };
}

/** gids as little-endian u32s. */
export function packIds(ids: readonly number[]): Uint8Array {
  return Uint8Array.from(ids.flatMap((id) => [...u32(id)]));
}

function checkIds({ user, ids }: ProcessInput): void {
  if (ids === undefined) return;
  const strangers = [user.gid, ...user.groups].filter((gid) => !isMapped(ids, gid));
  const bad = isMapped(ids, user.uid) ? strangers.map((gid) => `group ${gid}`)[0] : `user ${user.uid}`;
  if (bad !== undefined)
    throw new EngineError('invalid-argument', `${bad} is outside of the container's own ids`, {
      hint: 'Use an id below 65536, or --userns host.',
    });
}

function stdioOp({ user, console, consoleSize, tty }: ProcessInput): Op {
  const { rows, columns } = consoleSize ?? { rows: 0, columns: 0 };
  return { op: 'stdio', uid: user.uid, gid: user.gid, console, rows, columns, why: stdioReason(tty) };
}

/** Why a process gets the stdio that it gets. */
export function stdioReason(tty: boolean): string {
  return tty ? 'a terminal of the container’s own, held by the monitor' : 'pipes, held by the monitor';
}
