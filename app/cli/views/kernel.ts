/** `inspect --kernel` for people: what the kernel knows of a container. */
import type { KernelView } from '../../../guest-agent/protocol/container.ts';
import { alignColumns } from '../format/table.ts';

export function describeKernel(view: KernelView): string[] {
  return [
    `${view.name} (${view.id.slice(0, 12)})`,
    ...section('Process', [
      ['pid in the container', String(view.pidInContainer)],
      ['pid in the guest', String(view.pidInGuest)],
      [
        'seccomp',
        view.seccomp.filters > 0 ? `${view.seccomp.mode}, ${view.seccomp.filters} filters` : view.seccomp.mode,
      ],
      ['no_new_privs', view.noNewPrivileges ? 'yes' : 'no'],
    ]),
    ...section(
      'Namespaces',
      view.namespaces.map(({ type, inode, sharedWith }) => [type, `${type}:[${inode}]`, sharing(sharedWith)]),
    ),
    ...section(
      'User ids (inside, in the guest, how many)',
      view.uidMap.map((row) => row.map(String)),
    ),
    ...section(
      'Group ids (inside, in the guest, how many)',
      view.gidMap.map((row) => row.map(String)),
    ),
    ...section(`Cgroup ${view.cgroup.path}`, [
      ['', 'LIMIT', 'USAGE'],
      ...view.cgroup.limits.map(({ name, limit, usage }) => [name, limit, usage === '' ? '-' : usage]),
    ]),
    ...section(
      'Capabilities',
      Object.entries(view.capabilities).map(([set, names]) => [set, names.length > 0 ? names.join(' ') : '(none)']),
    ),
    ...section(
      'Network interfaces',
      view.interfaces.map(({ name, mac, addresses, up }) => [name, up ? 'up' : 'down', mac, addresses.join(' ')]),
    ),
    ...section(
      'Mounts',
      view.mounts.map(({ target, type, source, options }) => [target, type, source, options]),
    ),
  ];
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  return ['', `${title}:`, ...alignColumns(rows.map(([first = '', ...rest]) => [`  ${first}`, ...rest]))];
}

function sharing(ids: readonly string[]): string {
  if (ids.length === 0) return 'own';
  return `shared with ${ids.map((id) => (id === 'guest' ? 'the guest' : id.slice(0, 12))).join(', ')}`;
}
