/** Which namespaces a container gets new, joins, or shares with the guest: namespaces(7). */
import { EngineError } from '../protocol/errors.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { ContainerContext, IdRange, JoinTarget } from './context.ts';
import { cloneFlag } from './flags.ts';
import type { Join } from './op.ts';

/** `new`: the container's own. `guest`: the guest's. `join`: another container's. */
export type NamespaceMode = 'new' | 'guest' | 'join';

export interface EffectiveNamespaces {
  user: NamespaceMode;
  pid: NamespaceMode;
  ipc: NamespaceMode;
  network: NamespaceMode;
  uts: 'new' | 'guest';
  cgroup: 'new' | 'guest';
  /** What is not as asked, and why. */
  warnings: string[];
}

function mode(word: string): NamespaceMode {
  if (word.startsWith('container:')) return 'join';
  return word === 'host' ? 'guest' : 'new';
}

/** What needs the guest's own user namespace, if anything. */
function guestUserReason({ security, namespaces }: ContainerSpec): string | undefined {
  if (security.privileged) return '--privileged';
  if (namespaces.network === 'host') return '--network host';
  if (namespaces.pid === 'host') return '--pid host';
  return undefined;
}

export function effectiveNamespaces(spec: ContainerSpec): EffectiveNamespaces {
  const { namespaces } = spec;
  const modes = { pid: mode(namespaces.pid), ipc: mode(namespaces.ipc), network: mode(namespaces.network) };
  const reason = guestUserReason(spec);
  const joins = Object.values(modes).includes('join');
  const guest = namespaces.user === 'host' || reason !== undefined;
  const warnings =
    reason !== undefined && namespaces.user === 'private'
      ? [`${reason} needs the guest's user namespace: root in this container is root in the guest`]
      : [];
  return {
    user: guest ? 'guest' : joins ? 'join' : 'new',
    ...modes,
    uts: namespaces.uts === 'host' ? 'guest' : 'new',
    cgroup: namespaces.cgroup === 'host' ? 'guest' : 'new',
    warnings,
  };
}

/** True when the container needs an id range of its own. */
export function needsIdRange(spec: ContainerSpec): boolean {
  return effectiveNamespaces(spec).user === 'new';
}

export interface NamespacePlan {
  effective: EffectiveNamespaces;
  cloneFlags: bigint;
  join: Join[];
  /** The container's ids; undefined in the guest's user namespace. */
  idRange: IdRange | undefined;
}

const joinable = [
  ['network', 'CLONE_NEWNET'],
  ['ipc', 'CLONE_NEWIPC'],
  ['pid', 'CLONE_NEWPID'],
] as const;

export function planNamespaces(spec: ContainerSpec, context: ContainerContext): NamespacePlan {
  const effective = effectiveNamespaces(spec);
  const targets = joinTargets(effective, context.joins);
  const idRange = effective.user === 'new' ? requireRange(context) : sharedRange(effective, targets);
  if (effective.user === 'join' && idRange === undefined) {
    effective.user = 'guest';
    effective.warnings.push('the joined container is in the guest’s user namespace, and so is this one');
  }
  return { effective, cloneFlags: cloneFlags(effective), join: joinList(effective, targets), idRange };
}

function cloneFlags(effective: EffectiveNamespaces): bigint {
  const isNew: readonly [boolean, bigint][] = [
    [true, cloneFlag.CLONE_NEWNS],
    [effective.user === 'new', cloneFlag.CLONE_NEWUSER],
    [effective.pid === 'new', cloneFlag.CLONE_NEWPID],
    [effective.ipc === 'new', cloneFlag.CLONE_NEWIPC],
    [effective.network === 'new', cloneFlag.CLONE_NEWNET],
    [effective.uts === 'new', cloneFlag.CLONE_NEWUTS],
  ];
  return isNew.reduce((flags, [wanted, flag]) => (wanted ? flags | flag : flags), 0n);
}

interface Joined {
  target: JoinTarget;
  kinds: string[];
  flags: bigint;
}

/** The containers to join, each with all that is joined of it. */
function joinTargets(effective: EffectiveNamespaces, joins: ContainerContext['joins']): Joined[] {
  const found: Joined[] = [];
  for (const [kind, flag] of joinable) {
    if (effective[kind] !== 'join') continue;
    const target = joins[kind];
    if (!target) throw new EngineError('internal', `the ${kind} namespace is to be joined, but no container is given`);
    const same = found.find((joined) => joined.target.pid === target.pid);
    if (same) {
      same.kinds.push(kind);
      same.flags |= cloneFlag[flag];
    } else found.push({ target, kinds: [kind], flags: cloneFlag[flag] });
  }
  return found;
}

function joinList(effective: EffectiveNamespaces, targets: readonly Joined[]): Join[] {
  return targets.map(({ target, kinds, flags }, index) => {
    const withUser = effective.user === 'join' && index === 0;
    const words = (withUser ? ['user', ...kinds] : kinds).join(', ');
    const reason = withUser ? '; a namespace can be used only from the user namespace that owns it' : '';
    return {
      pid: target.pid,
      flags: withUser ? flags | cloneFlag.CLONE_NEWUSER : flags,
      why: `shares ${words} with container ${target.container.slice(0, 12)}${reason}`,
    };
  });
}

function requireRange({ idRange }: ContainerContext): IdRange {
  if (!idRange) throw new EngineError('internal', 'a container with a user namespace of its own has no id range');
  return idRange;
}

/** A process is in one user namespace only, so all that it joins must belong to the same. */
function sharedRange(effective: EffectiveNamespaces, targets: readonly Joined[]): IdRange | undefined {
  if (effective.user !== 'join') return undefined;
  const [first, ...others] = targets.map(({ target }) => target);
  for (const other of others)
    if (other.idRange?.start !== first?.idRange?.start)
      throw new EngineError(
        'invalid-argument',
        `containers ${first?.container ?? ''} and ${other.container} have different user namespaces and cannot both be joined`,
        { hint: 'Join one of them only, or run all of them with --userns host.' },
      );
  return first?.idRange;
}
