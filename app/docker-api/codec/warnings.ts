/** What of a request for a container, or for a change of one, is not granted, in a sentence each. */
import type { CreateRequest, HostConfig, ResourceRequest, UpdateRequest } from './host-config.ts';
import { unboundPorts } from './ports.ts';
import { maskedPaths, readonlyPaths } from './system-paths.ts';

/** A wish, and how to tell that it was made. */
const wishes: readonly (readonly [string, (host: HostConfig, request: CreateRequest) => boolean])[] = [
  ['The cgroup of another container', ({ Cgroup }) => Cgroup !== ''],
  ['A volume driver', ({ VolumeDriver }) => !['', 'local'].includes(VolumeDriver)],
  ['Mount propagation other than private', (host) => propagations(host).some((word) => !isPrivate(word))],
  [
    'A mount without those beneath it',
    ({ Mounts }) =>
      Mounts.some(({ BindOptions: how }) => how?.NonRecursive === true || how?.ReadOnlyNonRecursive === true),
  ],
  ['Masked and read-only paths other than the usual ones, or none', hasOwnPaths],
  ['Logging that drops what it would wait for (mode=non-blocking)', ({ LogConfig }) => isUnwaiting(LogConfig)],
  ['Compressed logs', ({ LogConfig: { Type, Config } }) => Type !== 'none' && isOn(Config['compress'])],
  ['Options of an endpoint’s driver', (_, request) => endpoints(request).some((one) => isFilled(one?.DriverOpts))],
  [
    'Link-local addresses',
    (_, request) => endpoints(request).some((one) => (one?.IPAMConfig?.LinkLocalIPs.length ?? 0) > 0),
  ],
];

/** Limits that there are not, at whatever time they are asked for. */
const limitWishes: readonly (readonly [string, (limits: ResourceRequest) => boolean])[] = [
  ['Weights of block devices', ({ BlkioWeightDevice }) => BlkioWeightDevice.length > 0],
  ['Realtime scheduling', (limits) => limits.CpuRealtimePeriod !== 0 || limits.CpuRealtimeRuntime !== 0],
  ['Memory swappiness', ({ MemorySwappiness }) => MemorySwappiness !== -1],
  ['A limit of kernel memory', ({ KernelMemory, KernelMemoryTCP }) => KernelMemory !== 0 || KernelMemoryTCP !== 0],
];

/** What holds from the start on, and stays. */
const lateWishes: readonly (readonly [string, (change: UpdateRequest) => boolean])[] = [
  ['Another cgroup parent of a container that is there', ({ CgroupParent }) => CgroupParent !== ''],
  [
    'Other devices of a container that is there',
    (change) => [change.Devices, change.DeviceCgroupRules, change.DeviceRequests].some(({ length }) => length > 0),
  ],
  ['Other ulimits of a container that is there', ({ Ulimits }) => Ulimits.length > 0],
];

export function updateWarnings(change: UpdateRequest): string[] {
  const late = lateWishes.filter(([, asked]) => asked(change));
  return [...unlimited(change), ...late.map(notGranted)];
}

function unlimited(limits: ResourceRequest): string[] {
  return limitWishes.filter(([, asked]) => asked(limits)).map(notGranted);
}

function notGranted([wish]: readonly [wish: string, ...unknown[]]): string {
  return `${wish}: not supported by this engine yet; ignored.`;
}

/** @param minor of the API's version that was asked for */
export function createWarnings(request: CreateRequest, minor: number): string[] {
  const { HostConfig: host } = request;
  const refused = wishes.filter(([, asked]) => asked(host, request));
  const discarded = host.NetworkMode === 'host' && Object.keys(host.PortBindings).length > 0;
  const unbound = minor >= 52 ? unboundPorts(request) : [];
  return [
    ...unlimited(host),
    ...refused.map(notGranted),
    ...(discarded ? ['Published ports are discarded when using host network mode'] : []),
    ...(unbound.length > 0 ? [emptyBindings(unbound)] : []),
  ];
}

/** The words of `-v`, and those of mounts. */
function propagations({ Binds, Mounts }: HostConfig): string[] {
  const modes = Binds.flatMap((bind) => (bind.split(':').at(-1) ?? '').split(','));
  const own = modes.filter((word) => /^r?(shared|slave|private)$/.test(word));
  return [...own, ...Mounts.map(({ BindOptions }) => BindOptions?.Propagation ?? '')];
}

function isPrivate(word: string): boolean {
  return ['', 'private', 'rprivate'].includes(word);
}

/** Both empty is how the command says `systempaths=unconfined`; the usual ones come from an inspection. */
function hasOwnPaths({ MaskedPaths, ReadonlyPaths }: HostConfig): boolean {
  const masked = MaskedPaths ?? maskedPaths;
  const readonly = ReadonlyPaths ?? readonlyPaths;
  if (masked.length === 0 && readonly.length === 0) return false;
  return !isSame(masked, maskedPaths) || !isSame(readonly, readonlyPaths);
}

function isSame(list: readonly string[], usual: readonly string[]): boolean {
  return list.length === usual.length && list.every((path) => usual.includes(path));
}

/** Where no log is kept there is nothing to wait for. */
function isUnwaiting({ Type, Config }: HostConfig['LogConfig']): boolean {
  return Type !== 'none' && Config['mode'] === 'non-blocking';
}

/** As Go reads a bool. */
function isOn(text = ''): boolean {
  return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text);
}

function endpoints({ NetworkingConfig }: CreateRequest) {
  return Object.values(NetworkingConfig.EndpointsConfig);
}

function isFilled(map: Readonly<Record<string, string>> | undefined): boolean {
  return map !== undefined && Object.keys(map).length > 0;
}

/** Docker's words. */
function emptyBindings(ports: readonly string[]): string {
  const list = ports.join(', ');
  return `Following container port(s) have an empty list of port-bindings: ${list}. Such bindings will be discarded in a future version.`;
}
