/** Kernel parameters that belong to a namespace of the container and so can be set for it alone. */
import { EngineError } from '../protocol/errors.ts';
import type { Op } from './op.ts';
import { utf8 } from './utf8.ts';

export interface SysctlNamespaces {
  /** The container has a network namespace of its own. */
  network: boolean;
  ipc: boolean;
}

/** Docker's defaults: ping without privilege, and ports below 1024 for everybody in the container. */
const networkDefaults: Readonly<Record<string, string>> = {
  'net.ipv4.ping_group_range': '0 2147483647',
  'net.ipv4.ip_unprivileged_port_start': '0',
};

const ipcNames = ['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem', 'kernel.shmall', 'kernel.shmmax'];
const moreIpcNames = ['kernel.shmmni', 'kernel.shm_rmid_forced'];

function kindOf(name: string): 'network' | 'ipc' | undefined {
  if (name.startsWith('net.')) return 'network';
  return name.startsWith('fs.mqueue.') || ipcNames.includes(name) || moreIpcNames.includes(name) ? 'ipc' : undefined;
}

/** A slash in a name stands for a dot that is part of one component: `net.ipv4.conf.eth0/1.rp_filter`. */
function sysctlPath(name: string): string {
  const components = name.split('.').map((component) => component.replaceAll('/', '.'));
  return `/proc/sys/${components.join('/')}`;
}

/**
 * Writes for defaults and `--sysctl`. `invalid-argument` when a parameter is the whole guest's, or belongs to a
 * namespace that the container shares. `lastGroup`: the highest group id of the container.
 */
export function sysctlOps(
  sysctls: Readonly<Record<string, string>>,
  namespaces: SysctlNamespaces,
  lastGroup: number,
): Op[] {
  for (const name of Object.keys(sysctls)) check(name, namespaces);
  const defaults = namespaces.network ? { ...networkDefaults, 'net.ipv4.ping_group_range': `0 ${lastGroup}` } : {};
  const values: Readonly<Record<string, string>> = { ...defaults, ...sysctls };
  return Object.entries(values).map(([name, value]) => ({
    op: 'write',
    path: sysctlPath(name),
    data: utf8(value),
    why: name in sysctls ? `--sysctl ${name}` : `Docker's default of ${name}`,
  }));
}

function check(name: string, namespaces: SysctlNamespaces): void {
  const kind = kindOf(name);
  if (kind === undefined || !/^[a-zA-Z0-9_./:-]+$/.test(name) || /(^|[./])(\.|$)/.test(name))
    throw new EngineError('invalid-argument', `sysctl ${name} is not in a separate kernel namespace`, {
      hint: 'Only net.*, fs.mqueue.*, kernel.msg*, kernel.shm* and kernel.sem can be set for one container.',
    });
  if (!namespaces[kind])
    throw new EngineError('invalid-argument', `sysctl ${name}: the container shares its ${kind} namespace`, {
      hint: `Set it where the namespace belongs, or leave out --${kind}.`,
    });
}
