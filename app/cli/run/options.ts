/** Options of `run` and `create` that describe the container. */
import { envOption } from '../flags/env.ts';
import { healthOptions, restartOption } from '../flags/health.ts';
import type { OptionSpec } from '../command/spec.ts';
import { oomKillOption, resourceOptions, throttleOptions } from './resource-options.ts';

const processOptions: readonly OptionSpec[] = [
  { name: 'interactive', short: 'i', help: 'Keep standard input open' },
  { name: 'tty', short: 't', help: 'Give the process a terminal' },
  {
    name: 'attach',
    short: 'a',
    value: 'STREAM',
    list: true,
    help: 'Attach to stdin, stdout or stderr',
    complete: ['stdin', 'stdout', 'stderr'],
  },
  envOption,
  { name: 'env-file', value: 'FILE', list: true, help: 'Read environment variables from a file', complete: 'file' },
  { name: 'workdir', short: 'w', value: 'DIR', help: 'Working directory inside' },
  { name: 'user', short: 'u', value: 'USER[:GROUP]', help: 'User by name or id' },
  { name: 'group-add', value: 'GROUP', list: true, help: 'Join a further group' },
  { name: 'entrypoint', value: 'COMMAND', help: "Replace the image's entrypoint" },
  { name: 'init', help: 'Run a small init as pid 1 that reaps processes' },
  { name: 'stop-signal', value: 'SIGNAL', help: 'Signal that asks the container to end' },
  { name: 'stop-timeout', value: 'SECONDS', help: 'Time to end by itself before it is killed' },
];

const identityOptions: readonly OptionSpec[] = [
  { name: 'name', value: 'NAME', help: 'Name of the container' },
  { name: 'hostname', short: 'h', value: 'NAME', help: 'Host name inside' },
  { name: 'domainname', value: 'NAME', help: 'NIS domain name inside' },
  { name: 'label', short: 'l', value: 'KEY=VALUE', list: true, help: 'Set a label' },
  { name: 'label-file', value: 'FILE', list: true, help: 'Read labels from a file', complete: 'file' },
  { name: 'cidfile', value: 'FILE', help: "Write the container's id to a file", complete: 'file' },
  { name: 'rm', help: 'Remove the container when it ends' },
  {
    name: 'pull',
    value: 'POLICY',
    help: 'When to fetch the image: missing (default), always or never',
    complete: ['missing', 'always', 'never'],
  },
  { name: 'platform', value: 'OS/ARCH', help: 'Platform of the image', complete: ['linux/amd64', 'linux/arm64'] },
  restartOption,
];

const fileOptions: readonly OptionSpec[] = [
  {
    name: 'volume',
    short: 'v',
    value: 'SOURCE:TARGET[:ro]',
    list: true,
    help: 'Mount a host folder or a volume',
    complete: 'file',
  },
  {
    name: 'volumes-from',
    value: 'CONTAINER[:ro]',
    list: true,
    help: "Mount another container's volumes and folders",
    complete: 'container',
  },
  { name: 'mount', value: 'KEY=VALUE,...', list: true, help: 'Mount a folder, volume or tmpfs' },
  { name: 'tmpfs', value: 'DIR[:OPTIONS]', list: true, help: 'Mount a tmpfs' },
  { name: 'read-only', help: 'Make the root file system read-only' },
  { name: 'shm-size', value: 'BYTES', help: 'Size of /dev/shm' },
  { name: 'device', value: 'PATH[:PATH[:rwm]]', list: true, help: 'Give a device of the guest' },
  { name: 'device-cgroup-rule', value: 'RULE', list: true, help: 'Allow further devices, such as "c 189:* rwm"' },
];

const networkOptions: readonly OptionSpec[] = [
  { name: 'publish', short: 'p', value: '[[ADDR:]PORT:]PORT', list: true, help: 'Publish a port on the host' },
  { name: 'publish-all', short: 'P', help: 'Publish all ports that are exposed' },
  { name: 'expose', value: 'PORT', list: true, help: 'Expose a port or a range of them, besides those of the image' },
  {
    name: 'network',
    value: 'NETWORK',
    list: true,
    help: 'bridge, host, none, container:NAME or networks, also as name=NAME,alias=…,ip=…',
    complete: 'network',
  },
  { name: 'net', value: 'NETWORK', list: true, help: 'Same as --network', complete: 'network' },
  { name: 'network-alias', value: 'NAME', list: true, help: 'Further name on the network' },
  { name: 'ip', value: 'ADDRESS', help: 'Fixed IPv4 address' },
  { name: 'ip6', value: 'ADDRESS', help: 'Fixed IPv6 address' },
  { name: 'link', value: 'CONTAINER[:ALIAS]', list: true, help: 'Another container by a name of its own' },
  { name: 'add-host', value: 'NAME:ADDRESS', list: true, help: 'Add a line to /etc/hosts' },
  { name: 'dns', value: 'ADDRESS', list: true, help: 'Use this DNS server' },
  { name: 'dns-search', value: 'DOMAIN', list: true, help: 'Look short names up in this domain; "." for none' },
  { name: 'dns-option', value: 'OPTION', list: true, help: 'Option of resolv.conf, such as ndots:2' },
  { name: 'mac-address', value: 'ADDRESS', help: 'Hardware address' },
];

const isolationOptions: readonly OptionSpec[] = [
  { name: 'userns', value: 'MODE', help: "host: the guest's user namespace", complete: ['host', 'private'] },
  { name: 'pid', value: 'MODE', help: 'host or container:NAME', complete: ['host', 'private'] },
  {
    name: 'ipc',
    value: 'MODE',
    help: 'private, shareable, host, none or container:NAME',
    complete: ['private', 'shareable', 'host', 'none'],
  },
  { name: 'uts', value: 'MODE', help: "host: the guest's host name", complete: ['host', 'private'] },
  { name: 'cgroup-parent', value: 'PATH', help: 'A cgroup of your own, beneath that of all containers' },
  { name: 'cgroupns', value: 'MODE', help: 'private or host', complete: ['private', 'host'] },
  { name: 'cap-add', value: 'CAPABILITY', list: true, help: 'Give a capability' },
  { name: 'cap-drop', value: 'CAPABILITY', list: true, help: 'Take a capability away' },
  { name: 'privileged', help: 'All capabilities, all devices, the user namespace of the guest' },
  {
    name: 'security-opt',
    value: 'OPTION',
    list: true,
    help: 'seccomp=FILE|unconfined, no-new-privileges, systempaths=unconfined',
  },
  { name: 'ulimit', value: 'NAME=SOFT[:HARD]', list: true, help: 'Set a resource limit' },
  { name: 'sysctl', value: 'NAME=VALUE', list: true, help: 'Set a kernel parameter of the namespaces' },
  { name: 'oom-score-adj', value: 'NUMBER', help: 'Preference of the OOM killer, -1000 to 1000' },
  { name: 'log-driver', value: 'NAME', help: 'json-file or local: the rotated log file' },
  { name: 'log-opt', value: 'KEY=VALUE', list: true, help: 'max-size=SIZE, max-file=NUMBER' },
];

export const runOptions: readonly OptionSpec[] = [
  ...processOptions,
  ...identityOptions,
  ...fileOptions,
  ...networkOptions,
  ...resourceOptions,
  ...throttleOptions,
  oomKillOption,
  ...isolationOptions,
  ...healthOptions,
];
