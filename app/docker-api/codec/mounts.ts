/** Binds, mounts, tmpfs and anonymous volumes of a request. */
import type { BindOptions } from '../../../guest-agent/protocol/container-spec.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunMount } from '../../contract/run-config.ts';
import { bytes } from './bytes.ts';
import type { CreateRequest, MountRequest } from './host-config.ts';

/** @param windows the host's paths may begin with a drive */
export function mountsFrom({ HostConfig: host, Volumes }: CreateRequest, windows: boolean): RunMount[] {
  const named = [
    ...host.Binds.map((text) => bind(text, windows)),
    ...host.Mounts.map(mount),
    ...Object.entries(host.Tmpfs).map(([target, options]) => tmpfs(target, options)),
  ];
  const anonymous = Object.keys(Volumes).filter((target) => !named.some((one) => one.target === target));
  return [...named, ...anonymous.map((target) => volume('', target, { readOnly: false, copyUp: true }))];
}

function volume(name: string, target: string, how: { readOnly: boolean; copyUp: boolean }): RunMount {
  return { type: 'volume', name, target, ...how };
}

const bindMode = /^(r[ow]|[zZ]|nocopy|r?(shared|slave|private)|consistent|cached|delegated)$/;

/** `SOURCE:TARGET[:MODES]`; a source that is no path names a volume. */
function bind(text: string, windows: boolean): RunMount {
  const drive = windows && /^[a-zA-Z]:[\\/]/.test(text) ? 2 : 0;
  const [head = '', target = '', modes = '', ...more] = text.slice(drive).split(':');
  const source = text.slice(0, drive) + head;
  if (source === '' || target === '' || more.length > 0)
    throw new EngineError('invalid-argument', `invalid volume specification: '${text}'`);
  const words = modes.split(',').filter((word) => word !== '');
  if (!words.every((word) => bindMode.test(word))) throw new EngineError('invalid-argument', `invalid mode: ${modes}`);
  const readOnly = words.includes('ro');
  if (drive > 0 || isPath(source, windows)) return { type: 'bind', source, target, readOnly, createSource: true };
  return volume(source, target, { readOnly, copyUp: !words.includes('nocopy') });
}

function isPath(source: string, windows: boolean): boolean {
  return source.startsWith('/') || (windows && source.startsWith('\\\\'));
}

function mount(request: MountRequest): RunMount {
  const { Type } = request;
  const make = makers[Type];
  if (request.Target === '') throw wrongMount(Type, 'field Target must not be empty');
  if (make === undefined) throw wrongMount(Type, 'it is not supported by this engine');
  return { ...make(request), askedAs: 'mount' };
}

function wrongMount(type: string, why: string): EngineError {
  return new EngineError('invalid-argument', `invalid mount config for type "${type}": ${why}`);
}

const makers: Readonly<Partial<Record<MountRequest['Type'], (request: MountRequest) => RunMount>>> = {
  bind: ({ Source, Target, ReadOnly, BindOptions }) => {
    if (Source === '') throw wrongMount('bind', 'field Source must not be empty');
    return {
      ...{ type: 'bind', source: Source, target: Target, readOnly: ReadOnly },
      createSource: BindOptions?.CreateMountpoint === true,
      ...(BindOptions && { bindOptions: bindOptions(BindOptions) }),
    };
  },
  volume: ({ Source, Target, ReadOnly, VolumeOptions }) => {
    const driver = VolumeOptions?.DriverConfig?.Name ?? '';
    const subpath = VolumeOptions?.Subpath ?? '';
    if (subpath.startsWith('/') || subpath.split('/').includes('..'))
      throw wrongMount('volume', 'subpath must be a relative path within the volume');
    if (!['', 'local'].includes(driver)) throw wrongMount('volume', 'the only driver is local');
    const copyUp = VolumeOptions?.NoCopy !== true;
    return { ...volume(Source, Target, { readOnly: ReadOnly, copyUp }), ...(subpath !== '' && { subpath }) };
  },
  tmpfs: ({ Source, Target, ReadOnly, TmpfsOptions }) => {
    if (Source !== '') throw wrongMount('tmpfs', 'field Source must not be specified');
    const { SizeBytes, Mode, Options } = TmpfsOptions ?? { SizeBytes: 0, Mode: 0, Options: [] };
    const options = Options.map((words) => words.slice(0, 2).join('='));
    return {
      ...{ type: 'tmpfs', target: Target, readOnly: ReadOnly, options },
      ...(SizeBytes > 0 && { sizeBytes: SizeBytes }),
      ...(Mode > 0 && { mode: Mode }),
    };
  },
};

/** Those that say something. */
function bindOptions(asked: NonNullable<MountRequest['BindOptions']>): BindOptions {
  return {
    ...(asked.Propagation !== '' && { propagation: asked.Propagation }),
    ...(asked.NonRecursive && { nonRecursive: true }),
    ...(asked.CreateMountpoint && { createMountpoint: true }),
    ...(asked.ReadOnlyNonRecursive && { readOnlyNonRecursive: true }),
    ...(asked.ReadOnlyForceRecursive && { readOnlyForceRecursive: true }),
  };
}

/** tmpfs(5) options, comma-separated. @throws EngineError `invalid-argument` */
function tmpfs(target: string, text: string): RunMount {
  const words = text.split(',').filter((word) => word !== '');
  const value = (key: string) => words.findLast((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const [size, mode] = [value('size'), value('mode')];
  if (mode !== undefined && !/^[0-7]{1,5}$/.test(mode))
    throw new EngineError('invalid-argument', `invalid tmpfs option ["mode=${mode}"]`);
  return {
    ...{ type: 'tmpfs', target, readOnly: words.includes('ro') },
    ...(size !== undefined && { sizeBytes: bytes(size, 'tmpfs option size') }),
    ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
    options: words.filter((word) => !/^(size=|mode=|ro$|rw$)/.test(word)),
  };
}
