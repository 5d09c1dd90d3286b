/** Answers as each version of the API had them: what one has and its neighbour has not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerInfo } from '../../../../guest-agent/protocol/container.ts';
import type { NetworkInfo } from '../../../../guest-agent/protocol/network.ts';
import type { ImageSummary } from '../../../../app/contract/image.ts';
import { containerInspect } from '../../../../app/docker-api/codec/container-inspect.ts';
import { containerSummary } from '../../../../app/docker-api/codec/container-summary.ts';
import { decode } from '../../../../app/docker-api/codec/decode.ts';
import { CreateRequest } from '../../../../app/docker-api/codec/host-config.ts';
import { imageInspect, imageSummary } from '../../../../app/docker-api/codec/image.ts';
import { networkInspect } from '../../../../app/docker-api/codec/network.ts';
import { asOldClientMeant } from '../../../../app/docker-api/codec/old-clients.ts';
import { containerInfo } from '../../../support/container-info.ts';

const network = (name: string, id: string): NetworkInfo => ({
  ...{ id, name, driver: 'bridge', subnet: '10.1.0.0/16', gateway: '10.1.0.1', bridge: '', containers: [] },
  ...{ createdAt: '0', internal: false, ipv6: false, pools: [], labels: {}, options: {} },
});
const networks = [network('bridge', 'b'.repeat(64)), network('mine', 'c'.repeat(64))];
const id = 'f'.repeat(64);

const endpoint = { prefixLength: 16, gateway: '10.1.0.1', macAddress: '02:00:00:00:00:01' };
const running = (...names: string[]): ContainerInfo => ({
  ...containerInfo(id, {
    hostname: 'box',
    networks: names.map((one) => ({ network: one, aliases: ['web'], links: [] })),
  }),
  state: { status: 'running', pid: 7, startedAt: '0' },
  endpoints: names.map((name, index) => ({ network: name, ipv4: `10.1.0.${index + 2}`, ...endpoint })),
});
const health: ContainerInfo['health'] = { status: 'unhealthy', failingStreak: 3, log: [] };
const row = (minor: number, info = running('bridge')) =>
  containerSummary(info, { minor, nowMs: 0, networks, ports: [] });
const whole = (minor: number, info = running('bridge')) => containerInspect(info, { minor, networks, ports: [] });

const image: ImageSummary = {
  ...{ id: 'sha256:1', digest: 'sha256:2', references: [], repoDigests: [], createdAt: '', platform: 'linux/amd64' },
  ...{ sizeBytes: 5, labels: {} },
} as unknown as ImageSummary;
const created = (minor: number, request: object) =>
  asOldClientMeant(decode(CreateRequest, { Image: 'x', ...request }), minor).HostConfig;

interface Shape {
  readonly what: string;
  /** The first of the versions that answer as today's. */
  readonly since: number;
  readonly of: (minor: number) => unknown;
  readonly before: unknown;
  readonly now: unknown;
}

const shapes: readonly Shape[] = [
  {
    ...{ what: '--rm is the client’s', since: 25, before: false, now: true },
    of: (minor) => created(minor, { HostConfig: { AutoRemove: true } }).AutoRemove,
  },
  {
    ...{ what: 'IPC of a container that says nothing of it', since: 40, before: 'shareable', now: '' },
    of: (minor) => created(minor, { HostConfig: {} }).IpcMode,
  },
  {
    ...{ what: 'IPC that is asked for', since: 24, before: undefined, now: 'host' },
    of: (minor) => created(minor, { HostConfig: { IpcMode: 'host' } }).IpcMode,
  },
  {
    ...{ what: 'an image without a name', since: 43, before: [['<none>:<none>'], ['<none>@<none>']], now: [[], []] },
    of: (minor) => [imageSummary(image, minor, {}).RepoTags, imageSummary(image, minor, {}).RepoDigests],
  },
  {
    ...{ what: 'VirtualSize of a listed image', since: 44, before: 5, now: undefined },
    of: (minor) => imageSummary(image, minor, {}).VirtualSize,
  },
  {
    ...{ what: 'VirtualSize of an inspected image', since: 44, before: 5, now: undefined },
    of: (minor) => imageInspect({ summary: image, config: {} }, minor).VirtualSize,
  },
  {
    ...{ what: 'Container of an image', since: 45, before: '', now: undefined },
    of: (minor) => imageInspect({ summary: image, config: {} }, minor).Container,
  },
  {
    ...{ what: 'ContainerConfig of an image', since: 45, before: true, now: false },
    of: (minor) => 'ContainerConfig' in imageInspect({ summary: image, config: {} }, minor),
  },
  {
    ...{ what: 'what an image’s Config has of a container’s', since: 50, before: true, now: false },
    of: (minor) => 'AttachStdin' in imageInspect({ summary: image, config: {} }, minor).Config,
  },
  {
    ...{ what: 'Parent of an image', since: 52, before: '', now: undefined },
    of: (minor) => imageInspect({ summary: image, config: {} }, minor).Parent,
  },
  {
    ...{ what: 'aliases on a network of users', since: 45, before: ['web', id.slice(0, 12), 'box'], now: ['web'] },
    of: (minor) => whole(minor, running('mine')).NetworkSettings.Networks['mine']?.Aliases,
  },
  {
    ...{ what: 'aliases on the default bridge', since: 24, before: undefined, now: ['web'] },
    of: (minor) => whole(minor).NetworkSettings.Networks['bridge']?.Aliases,
  },
  {
    ...{ what: 'EnableIPv4 of a network', since: 47, before: undefined, now: true },
    of: (minor) => networkInspect(network('mine', id), minor).EnableIPv4,
  },
  {
    ...{ what: 'the bridge’s address at the top', since: 52, before: '10.1.0.3', now: undefined },
    of: (minor) => (whole(minor, running('mine', 'bridge')).NetworkSettings as { IPAddress?: string }).IPAddress,
  },
  {
    ...{ what: 'no other network’s address at the top', since: 52, before: '', now: undefined },
    of: (minor) => (whole(minor, running('mine')).NetworkSettings as { IPAddress?: string }).IPAddress,
  },
  {
    ...{ what: 'Health of a listed container', since: 52, before: undefined },
    now: { Status: 'unhealthy', FailingStreak: 3 },
    of: (minor) => row(minor, { ...running('bridge'), health }).Health,
  },
  {
    ...{ what: 'Health of one without a check', since: 52, before: undefined },
    now: { Status: 'none', FailingStreak: 0 },
    of: (minor) => row(minor).Health,
  },
];

describe('shapes of the versions 1.24, 1.40, 1.42, 1.44, 1.47, 1.51, 1.52 and the newest, and around each change', () => {
  for (const { what, since, of, before, now } of shapes)
    for (const minor of new Set([24, 40, 42, 44, 47, 51, 52, 56, Math.max(24, since - 1), since]))
      it(`${what}, 1.${minor}`, () => assert.deepEqual(of(minor), minor < since ? before : now));
});

describe('networks of a container that does not run', () => {
  const names = (info: ContainerInfo) => Object.keys(row(56, info).NetworkSettings.Networks);
  const settings = (name: string) => ({ network: name, aliases: [], links: [] });
  const mode = (word: string) => ({ ...containerInfo(id).spec.namespaces, network: word });
  for (const [what, change, shown] of [
    ['made before networks were noted', { namespaces: mode('bridge') }, ['bridge']],
    ['on its first', { namespaces: mode('bridge'), networks: [settings('bridge')] }, ['bridge']],
    ['that left its first for another', { namespaces: mode('bridge'), networks: [settings('mine')] }, ['mine']],
    ['that left all', { namespaces: mode('bridge'), networks: [] }, []],
    ['of one that is gone', { namespaces: mode('gone'), networks: [settings('gone')] }, []],
  ] as const)
    it(what, () => assert.deepEqual(names(containerInfo(id, change as object)), shown));
  it('host is told though there is nothing to leave', () => {
    const host = { ...network('host', 'd'.repeat(64)), driver: 'host' as const };
    const info = containerInfo(id, { namespaces: mode('host'), networks: [] });
    const shown = containerSummary(info, { minor: 56, nowMs: 0, networks: [host], ports: [] });
    assert.deepEqual(Object.keys(shown.NetworkSettings.Networks), ['host']);
  });
  it('and of one that runs and has left all', () => {
    assert.deepEqual(names(running()), []);
  });
});

it('arguments with blanks are in quotes, as in docker ps', () => {
  const command = (...argv: string[]) => row(56, containerInfo(id, { argv })).Command;
  assert.equal(command('sh', '-c', 'echo a  b', 'c'), "sh -c 'echo a  b' c");
  assert.equal(command('/a b/run'), '/a b/run');
});

it('a tmpfs is told among the mounts when it was asked for as one', () => {
  const tmpfs = { type: 'tmpfs' as const, readOnly: false, options: [] };
  const mounts = [
    { ...tmpfs, target: '/by-flag' },
    { ...tmpfs, target: '/by-mount', askedAs: 'mount' as const },
  ];
  const shown = row(56, containerInfo(id, { mounts })).Mounts;
  assert.deepEqual(
    shown.map(({ Destination }) => Destination),
    ['/by-mount'],
  );
});

it('options of a network are those that were given; the default bridge has dockerd’s', () => {
  const mine = { ...network('mine', id), bridge: 'br-1', options: { a: 'b' } };
  assert.deepEqual(networkInspect(mine, 56).Options, { a: 'b' });
  const name = { 'com.docker.network.bridge.name': 'berth0' };
  const shown = networkInspect({ ...network('bridge', id), options: name }, 56).Options;
  assert.equal(shown['com.docker.network.bridge.name'], 'berth0');
  assert.equal(shown['com.docker.network.bridge.default_bridge'], 'true');
});
