import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';

/** `Mounts` of a listed or inspected container; what `--tmpfs` asked for is none of them, as in Docker's list. */
export function mountPoints({ spec, volumes = {} }: ContainerInfo) {
  return spec.mounts.flatMap((mount) => {
    const common = { Destination: mount.target, Mode: mount.readOnly ? 'ro' : '', RW: !mount.readOnly };
    if ('hostPath' in mount) return [{ Type: 'bind', Source: mount.hostPath, ...common, Propagation: 'rprivate' }];
    if (mount.type === 'tmpfs')
      return mount.askedAs === 'mount' ? [{ Type: 'tmpfs', Source: '', ...common, Propagation: '' }] : [];
    const name = mount.name || (volumes[mount.target] ?? '');
    return [{ Type: 'volume', Name: name, Source: volumePath(name), ...common, Driver: 'local', Propagation: '' }];
  });
}

/** In the guest. */
function volumePath(name: string): string {
  return `/var/lib/berth/volumes/${name}/_data`;
}
