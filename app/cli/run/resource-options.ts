/** `run`, `create` and `update`: limits. */
import type { Resources } from '../../../guest-agent/protocol/container-spec.ts';
import type { OptionSpec } from '../command/spec.ts';
import type { Options } from '../command/options.ts';
import { parseBytes, parseBytesOrUnlimited } from '../flags/bytes.ts';
import { parseThrottleBytes, parseThrottleOperations } from '../flags/devices.ts';
import { parseCpus, parseInteger } from '../flags/numbers.ts';
import { badFlag } from '../command/usage-error.ts';

export const resourceOptions: readonly OptionSpec[] = [
  { name: 'memory', short: 'm', value: 'BYTES', help: 'Memory limit, such as 512m' },
  { name: 'memory-swap', value: 'BYTES', help: 'Memory plus swap limit; -1 for unlimited swap' },
  { name: 'memory-reservation', value: 'BYTES', help: 'Memory kept for the container when memory is short' },
  { name: 'cpus', value: 'NUMBER', help: 'Number of CPUs, such as 1.5' },
  {
    name: 'cpu-quota',
    value: 'MICROSECONDS',
    help: 'Of processor time in each period, instead of --cpus; -1: no limit',
  },
  { name: 'cpu-period', value: 'MICROSECONDS', help: 'Length of the periods, 1000 to 1000000 (default 100000)' },
  { name: 'cpu-shares', short: 'c', value: 'NUMBER', help: 'Relative weight, 2 to 262144 (default 1024)' },
  { name: 'cpuset-cpus', value: 'LIST', help: 'CPUs to run on, such as 0-2,4' },
  { name: 'cpuset-mems', value: 'LIST', help: 'Memory nodes to use' },
  { name: 'pids-limit', value: 'NUMBER', help: 'Most processes; -1 for unlimited' },
  { name: 'blkio-weight', value: 'NUMBER', help: 'Relative weight of block input and output, 10 to 1000' },
];

export const throttleOptions: readonly OptionSpec[] = [
  { name: 'device-read-bps', value: 'DEVICE:RATE', list: true, help: 'Most bytes a second read from a device' },
  { name: 'device-write-bps', value: 'DEVICE:RATE', list: true, help: 'Most bytes a second written to a device' },
  { name: 'device-read-iops', value: 'DEVICE:RATE', list: true, help: 'Most reads a second from a device' },
  { name: 'device-write-iops', value: 'DEVICE:RATE', list: true, help: 'Most writes a second to a device' },
];

/** Of a container that is made; what runs keeps what it was made with. */
export const oomKillOption: OptionSpec = {
  name: 'oom-kill-disable',
  help: 'Do not kill the container when it is over its memory limit',
};

type Mutable = { -readonly [K in keyof Resources]: Resources[K] };

/** Only what was given is in the answer. */
export function readResources(options: Options): Resources {
  const resources: Mutable = {};
  const given = (name: string, use: (text: string, flag: string) => void) => {
    const text = options.text(name);
    if (text !== undefined) use(text, `--${name}`);
  };
  given('memory', (text, flag) => (resources.memoryBytes = parseBytes(text, flag)));
  given('memory-swap', (text, flag) => (resources.memorySwapBytes = parseBytesOrUnlimited(text, flag)));
  given('memory-reservation', (text, flag) => (resources.memoryReservationBytes = parseBytes(text, flag)));
  given('cpus', (text) => (resources.nanoCpus = parseCpus(text)));
  given('cpu-quota', (text, flag) => (resources.cpuQuotaMicros = parseInteger(text, flag, { from: -1 })));
  given('cpu-period', (text, flag) => {
    resources.cpuPeriodMicros = parseInteger(text, flag, { from: 1000, to: 1_000_000 });
  });
  given('cpu-shares', (text, flag) => (resources.cpuShares = parseInteger(text, flag, { from: 0, to: 262144 })));
  given('cpuset-cpus', (text, flag) => (resources.cpusetCpus = checkCpuList(text, flag)));
  given('cpuset-mems', (text, flag) => (resources.cpusetMems = checkCpuList(text, flag)));
  given('pids-limit', (text, flag) => (resources.pidsLimit = parseInteger(text, flag, { from: -1 })));
  given('blkio-weight', (text, flag) => (resources.blkioWeight = parseInteger(text, flag, { from: 0, to: 1000 })));
  return { ...resources, ...readThrottles(options) };
}

function readThrottles(options: Options): Resources {
  const resources: Mutable = {};
  const bytes = (name: string) => options.list(name).map((text) => parseThrottleBytes(text, `--${name}`));
  const operations = (name: string) => options.list(name).map((text) => parseThrottleOperations(text, `--${name}`));
  if (options.has('device-read-bps')) resources.deviceReadBps = bytes('device-read-bps');
  if (options.has('device-write-bps')) resources.deviceWriteBps = bytes('device-write-bps');
  if (options.has('device-read-iops')) resources.deviceReadIops = operations('device-read-iops');
  if (options.has('device-write-iops')) resources.deviceWriteIops = operations('device-write-iops');
  if (options.has('oom-kill-disable')) resources.oomKillDisable = options.flag('oom-kill-disable');
  return resources;
}

/** cgroup v2's list form (cpuset(7)): `0-3,5`. */
function checkCpuList(text: string, flag: string): string {
  if (/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/.test(text)) return text;
  throw badFlag(flag, text, 'it is not a list', 'Write numbers and ranges such as 0-2,4.');
}
