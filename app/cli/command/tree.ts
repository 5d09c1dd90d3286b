/** All commands: names and one line each here; everything else in a file of its own, loaded when it is called. */
import { leaf, type CommandEntry } from './entry.ts';
import { imageShortcuts, imageVerbs } from './image-tree.ts';

export { groups, type CommandEntry } from './entry.ts';

const containers: readonly CommandEntry[] = [
  leaf('Common', 'run', 'Make a container from an image and run it', () => import('../commands/run.ts')),
  leaf('Common', 'exec', 'Run a command in a running container', () => import('../commands/exec.ts')),
  leaf('Common', 'ps', 'List containers', () => import('../commands/ps.ts')),
  leaf('Common', 'logs', 'Show what a container has printed', () => import('../commands/logs.ts')),
  leaf('Containers', 'create', 'Make a container without starting it', () => import('../commands/create.ts')),
  leaf('Containers', 'start', 'Start containers; without names, the engine', () => import('../commands/start.ts')),
  leaf('Containers', 'stop', 'Stop containers; without names, the engine', () => import('../commands/stop.ts')),
  leaf(
    'Containers',
    'restart',
    'Restart containers; without names, the engine',
    () => import('../commands/restart.ts'),
  ),
  leaf('Containers', 'cp', 'Copy files between a container and the host', () => import('../commands/cp.ts')),
  leaf(
    'Containers',
    'diff',
    "Show what a container has changed of its image's files",
    () => import('../commands/diff.ts'),
  ),
  leaf(
    'Containers',
    'export',
    "Write a container's file system as a tar archive",
    () => import('../commands/export.ts'),
  ),
  leaf('Containers', 'commit', 'Make an image of what a container has changed', () => import('../commands/commit.ts')),
  leaf('Containers', 'kill', 'Send a signal to containers', () => import('../commands/kill.ts')),
  leaf('Containers', 'pause', 'Freeze containers', () => import('../commands/pause.ts')),
  leaf('Containers', 'unpause', 'Let frozen containers go on', () => import('../commands/unpause.ts')),
  leaf('Containers', 'wait', 'Wait for containers to end, print their exit codes', () => import('../commands/wait.ts')),
  leaf('Containers', 'rm', 'Remove containers', () => import('../commands/rm.ts')),
  leaf('Containers', 'rename', 'Rename a container', () => import('../commands/rename.ts')),
  leaf('Containers', 'update', 'Change limits of containers while they run', () => import('../commands/update.ts')),
  leaf('Containers', 'attach', 'Join the terminal of a running container', () => import('../commands/attach.ts')),
  leaf('Containers', 'stats', 'Show what containers use', () => import('../commands/stats.ts')),
  leaf('Containers', 'top', 'Show the processes of a container', () => import('../commands/top.ts')),
  leaf('Containers', 'port', "Show a container's published ports", () => import('../commands/port.ts')),
];

const inspect = leaf(
  'Containers',
  'inspect',
  'Show all about containers, images, volumes, networks',
  () => import('../commands/inspect.ts'),
);
const images = leaf('Images, volumes, networks', 'images', 'List images', () => import('../commands/images.ts'));
const transfers: readonly CommandEntry[] = [
  leaf('Images, volumes, networks', 'pull', 'Fetch an image from its registry', () => import('../commands/pull.ts')),
  leaf('Images, volumes, networks', 'push', 'Send an image to its registry', () => import('../commands/push.ts')),
];
const search = leaf(
  'Images, volumes, networks',
  'search',
  'Search a registry for images',
  () => import('../commands/search.ts'),
);
const networkChanges: readonly CommandEntry[] = [
  leaf('Images, volumes, networks', 'create', 'Make a network', () => import('../commands/network-create.ts')),
  leaf(
    'Images, volumes, networks',
    'connect',
    'Put a container on a network',
    () => import('../commands/network-connect.ts'),
  ),
  leaf(
    'Images, volumes, networks',
    'disconnect',
    'Take a container off a network',
    () => import('../commands/network-disconnect.ts'),
  ),
  {
    ...leaf('Images, volumes, networks', 'rm', 'Remove networks', () => import('../commands/network-rm.ts')),
    aliases: ['remove'],
  },
  leaf(
    'Images, volumes, networks',
    'prune',
    'Remove networks that no container is on',
    () => import('../commands/network-prune.ts'),
  ),
];
const containerPrune = leaf(
  'Containers',
  'prune',
  'Remove all containers that do not run',
  () => import('../commands/container-prune.ts'),
);
const list = containers.flatMap((entry) =>
  entry.name === 'ps' ? [{ ...entry, name: 'ls', aliases: ['list', 'ps'] }] : [],
);

const families: readonly CommandEntry[] = [
  {
    name: 'container',
    summary: 'Containers: the same verbs, and prune',
    group: 'Containers',
    children: [...list, ...containers.filter(({ name }) => name !== 'ps'), inspect, containerPrune],
  },
  {
    name: 'image',
    summary: 'Images: the same verbs, inspect and prune',
    group: 'Images, volumes, networks',
    children: [{ ...images, name: 'ls', aliases: ['list'] }, ...transfers, ...imageVerbs],
  },
  {
    name: 'volume',
    summary: 'Volumes: create, list, inspect, remove, prune',
    group: 'Images, volumes, networks',
    children: [
      leaf('Images, volumes, networks', 'create', 'Make a volume', () => import('../commands/volume-create.ts')),
      {
        ...leaf('Images, volumes, networks', 'ls', 'List volumes', () => import('../commands/volume-ls.ts')),
        aliases: ['list'],
      },
      leaf(
        'Images, volumes, networks',
        'inspect',
        'Show all about volumes',
        () => import('../commands/volume-inspect.ts'),
      ),
      {
        ...leaf('Images, volumes, networks', 'rm', 'Remove volumes', () => import('../commands/volume-rm.ts')),
        aliases: ['remove'],
      },
      leaf(
        'Images, volumes, networks',
        'prune',
        'Remove volumes that no container uses',
        () => import('../commands/volume-prune.ts'),
      ),
    ],
  },
  {
    name: 'network',
    summary: 'Networks: create, list, inspect, connect, remove, prune',
    group: 'Images, volumes, networks',
    children: [
      {
        ...leaf('Images, volumes, networks', 'ls', 'List networks', () => import('../commands/network-ls.ts')),
        aliases: ['list'],
      },
      leaf(
        'Images, volumes, networks',
        'inspect',
        'Show all about networks',
        () => import('../commands/network-inspect.ts'),
      ),
      ...networkChanges,
    ],
  },
  {
    name: 'system',
    summary: 'Disk use, check, clean up',
    group: 'Engine',
    children: [
      leaf('Engine', 'df', 'Show what takes disk space', () => import('../commands/system-df.ts')),
      leaf('Engine', 'check', 'Check all images and layers for damage', () => import('../commands/system-check.ts')),
      leaf('Engine', 'prune', 'Remove what is not in use', () => import('../commands/system-prune.ts')),
    ],
  },
  {
    name: 'context',
    summary: 'The context of this engine in the docker command: install, remove',
    group: 'Engine',
    children: [
      leaf('Engine', 'install', 'Give the docker command a context', () => import('../commands/context-install.ts')),
      {
        ...leaf('Engine', 'rm', 'Take the context away again', () => import('../commands/context-remove.ts')),
        aliases: ['remove'],
      },
    ],
  },
  {
    name: 'explain',
    summary: 'Why a port or a name does not work: each step of its way',
    group: 'Engine',
    children: [
      leaf('Engine', 'port', 'Follow a port to the program', () => import('../commands/explain-port.ts')),
      leaf('Engine', 'dns', 'Follow a name to its addresses', () => import('../commands/explain-dns.ts')),
    ],
  },
  {
    name: 'machine',
    summary: 'Virtual machines: list, settings, remove',
    group: 'Engine',
    children: [
      { ...leaf('Engine', 'ls', 'List machines', () => import('../commands/machine-ls.ts')), aliases: ['list'] },
      leaf('Engine', 'set', 'Change settings of a machine', () => import('../commands/machine-set.ts')),
      {
        ...leaf('Engine', 'rm', 'Remove a machine with its disk', () => import('../commands/machine-rm.ts')),
        aliases: ['remove'],
      },
    ],
  },
];

export const commandTree: readonly CommandEntry[] = [
  ...containers,
  inspect,
  images,
  ...transfers,
  search,
  ...imageShortcuts,
  leaf('Images, volumes, networks', 'login', 'Log in to a registry', () => import('../commands/login.ts')),
  leaf('Images, volumes, networks', 'logout', 'Log out of a registry', () => import('../commands/logout.ts')),
  ...families,
  leaf('Engine', 'env', 'Print DOCKER_HOST for this shell', () => import('../commands/env.ts')),
  leaf('Engine', 'status', 'Tell whether the engine runs', () => import('../commands/status.ts')),
  leaf('Engine', 'doctor', 'Check this host and the machine', () => import('../commands/doctor.ts')),
  leaf('Engine', 'console', "Show the end of the VM's console", () => import('../commands/console.ts')),
  leaf('Kernel', 'ssh', 'Run a command in the guest itself', () => import('../commands/ssh.ts')),
  leaf('Kernel', 'unshare', 'Run a command of the guest in new namespaces', () => import('../commands/unshare.ts')),
  leaf('Other', 'completion', 'Print the completion script of a shell', () => import('../commands/completion.ts')),
  leaf('Other', 'version', 'Show versions', () => import('../commands/version.ts')),
  leaf('Other', 'help', 'Explain a command', () => import('../commands/help.ts')),
  { ...leaf('Other', '__complete', 'Words for completion', () => import('../commands/complete.ts')), hidden: true },
];
