/** Mounts of an inspected container in the form in which they were asked for. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';

type Spec = ContainerInfo['spec'];
type Mount = Spec['mounts'][number];

/** `-v`: what is a path of the host, and volumes that have names. */
export function bindsOf({ mounts }: Spec): string[] {
  return mounts
    .filter(({ askedAs }) => askedAs === undefined)
    .flatMap((mount) => {
      const source = 'hostPath' in mount ? mount.hostPath : mount.type === 'volume' ? mount.name : '';
      if (source === '') return [];
      const isBare = mount.type === 'volume' && !mount.copyUp;
      const modes = [...(mount.readOnly ? ['ro'] : []), ...(isBare ? ['nocopy'] : [])].join(',');
      return [`${source}:${mount.target}${modes === '' ? '' : `:${modes}`}`];
    });
}

/** `--tmpfs` */
export function tmpfsOf({ mounts }: Spec): Record<string, string> {
  const entries = mounts.flatMap((mount) => {
    if (mount.type !== 'tmpfs' || mount.askedAs !== undefined) return [];
    const words = [
      ...mount.options,
      ...(mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`]),
      ...(mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`]),
      ...(mount.readOnly ? ['ro'] : []),
    ];
    return [[mount.target, words.join(',')] as const];
  });
  return Object.fromEntries(entries);
}

/** `--mount`; Docker leaves out what is empty. */
export function mountsOf({ mounts }: Spec) {
  const asked = mounts.filter(({ askedAs }) => askedAs === 'mount');
  return asked.length === 0 ? undefined : asked.map(mountOf);
}

function mountOf(mount: Mount) {
  const common = { Target: mount.target, ...(mount.readOnly && { ReadOnly: true }) };
  if ('hostPath' in mount) return { Type: 'bind', Source: mount.hostPath, ...common, ...bindOptionsOf(mount) };
  if (mount.type === 'tmpfs') return { Type: 'tmpfs', ...common, ...tmpfsOptions(mount) };
  const { name, copyUp, subpath } = mount;
  const options = { ...(!copyUp && { NoCopy: true }), ...(subpath !== undefined && { Subpath: subpath }) };
  return {
    ...{ Type: 'volume', ...(name !== '' && { Source: name }), ...common },
    ...(Object.keys(options).length > 0 && { VolumeOptions: options }),
  };
}

function bindOptionsOf({ bindOptions: asked }: Extract<Mount, { hostPath: string }>) {
  if (asked === undefined) return {};
  return {
    BindOptions: {
      Propagation: asked.propagation,
      NonRecursive: asked.nonRecursive,
      CreateMountpoint: asked.createMountpoint,
      ReadOnlyNonRecursive: asked.readOnlyNonRecursive,
      ReadOnlyForceRecursive: asked.readOnlyForceRecursive,
    },
  };
}

function tmpfsOptions({ sizeBytes, mode, options }: Extract<Mount, { type: 'tmpfs' }>) {
  const given = {
    ...(sizeBytes !== undefined && { SizeBytes: sizeBytes }),
    ...(mode !== undefined && { Mode: mode }),
    ...(options.length > 0 && { Options: options.map((word) => word.split('=')) }),
  };
  return Object.keys(given).length > 0 ? { TmpfsOptions: given } : {};
}
