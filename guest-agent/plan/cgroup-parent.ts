/** `--cgroup-parent`: cgroups of the user's own, beneath that of all containers, with containers in them. */
import { EngineError } from '../protocol/errors.ts';

/** Begins the cgroups of processes that belong to no container. */
export const unsharePrefix = 'unshare-';

/** Whether a cgroup of this name is a container's or a shell's, with processes in it, and not a parent of such. */
export function isLeaf(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name) || name.startsWith(unsharePrefix);
}

/** Names that the kernel's own files have in every cgroup (cgroup-v2.rst). */
const interfaceFile = /^(cgroup|cpu|cpuset|hugetlb|io|irq|memory|misc|pids|rdma)\./;

/** The names on the way to the parent, outermost first; none for the parent of all. @throws EngineError `invalid-argument` */
export function cgroupParents(parent: string): string[] {
  const names = parent.split('/').filter((name) => name !== '');
  const bad = names.find((name) => !/^[\w.@:+-]{1,255}$/.test(name) || /^\.\.?$/.test(name));
  const ours = names.find((name) => isLeaf(name) || interfaceFile.test(name));
  if (bad !== undefined || ours !== undefined)
    throw new EngineError(
      'invalid-argument',
      `--cgroup-parent ${parent}: ${JSON.stringify(bad ?? ours)} ${bad === undefined ? 'is a name that the engine or the kernel uses' : 'is no name of a cgroup'}.`,
      { hint: 'Give names such as group/sub, beneath the cgroup of all containers.' },
    );
  return names;
}
