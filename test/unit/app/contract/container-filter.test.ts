/** What filters of container lists mean, at every front door. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filterFacts, selectContainers } from '../../../../app/contract/container-filter.ts';
import type { ContainerInfo } from '../../../../guest-agent/protocol/index.ts';
import { containerInfo } from '../../../support/container-info.ts';

const image = (reference: string, id: string) => ({ reference, id, layers: [] });
const running = { state: { status: 'running', pid: 1, startedAt: '0' } } as const;
const endpoint = { network: 'front', ipv4: '10.0.0.2', prefixLength: 24, gateway: '10.0.0.1', macAddress: '' };
const idle = { network: 'front', aliases: [], links: [] };
const volume = (name: string) => ({ type: 'volume', name, target: '/data', readOnly: false, copyUp: true }) as const;

const web: ContainerInfo = {
  ...containerInfo('web', {
    image: image('localhost:5000/app', 'sha256:aa'),
    ports: [{ containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 0 }],
    exposedPorts: ['53/udp', '80/tcp'],
    networks: [idle],
    mounts: [volume('')],
  }),
  ...running,
  endpoints: [endpoint],
  volumes: { '/data': 'made-up' },
  health: { status: 'healthy', failingStreak: 0, log: [] },
};
const job: ContainerInfo = containerInfo('job', {
  image: image('app:old', 'sha256:bb'),
  networks: [{ ...idle, network: 'back' }],
  exposedPorts: ['80/tcp'],
  mounts: [{ type: 'share', share: 's', subpath: '', hostPath: '/src', target: '/app', readOnly: false }],
});
const bare: ContainerInfo = {
  ...containerInfo('bare', { image: image('app', 'sha256:cc'), networks: [] }),
  createdAt: '5',
};
bare.spec.namespaces = { ...bare.spec.namespaces, network: 'host' };
const all = [web, job, bare];

const ids = new Map([
  ['localhost:5000/app:latest', 'sha256:aa'],
  ['app:old', 'sha256:bb'],
  ['aa', 'sha256:aa'],
]);
const sources = {
  imageId: (word: string) => Promise.resolve(ids.get(word)),
  networks: () =>
    Promise.resolve([
      { id: 'f00d', name: 'front' },
      { id: 'beef', name: 'back' },
    ]),
  ports: () => Promise.resolve([{ hostPort: 49_153, protocol: 'tcp' }]),
};

async function chosen(filters: Record<string, string[]>): Promise<string[]> {
  const words = new Map(Object.entries(filters));
  return selectContainers(all, words, await filterFacts(all, words, sources)).map(({ name }) => name);
}

describe('filters of containers', () => {
  const table: [Record<string, string[]>, string[]][] = [
    [{ health: ['healthy'] }, ['web']],
    [{ health: ['none'] }, ['job', 'bare']],
    [{ health: ['none', 'healthy'] }, ['web', 'job', 'bare']],
    [{ ancestor: ['localhost:5000/app:latest'] }, ['web']],
    [{ ancestor: ['aa', 'app:old'] }, ['web', 'job']],
    [{ ancestor: ['app'] }, []],
    [{ network: ['front'] }, ['web']],
    [{ network: ['beef'] }, ['job']],
    [{ network: ['f0', 'host'] }, ['web', 'bare']],
    [{ network: ['bridge'] }, []],
    [{ volume: ['made-up'] }, ['web']],
    [{ volume: ['/src', '/data'] }, ['web', 'job']],
    [{ publish: ['49153'] }, ['web']],
    [{ publish: ['80'] }, []],
    [{ expose: ['80'] }, ['web']],
    [{ expose: ['50-60/udp'] }, ['web']],
    [{ expose: ['53'] }, []],
    [{ name: ['/web'] }, ['web']],
    [{ name: ['^/?b'] }, ['bare']],
    [{ before: ['/bare'] }, ['web', 'job']],
    [{ since: ['web'] }, ['bare']],
  ];
  for (const [filters, names] of table)
    it(JSON.stringify(filters), async () => assert.deepEqual(await chosen(filters), names));
  for (const [filters, code, message] of [
    [{ health: ['well'] }, 'invalid-argument', /Unrecognised filter value for health: well/],
    [{ expose: ['http'] }, 'invalid-argument', /looking up for expose http/],
    [{ before: ['nobody'] }, 'no-such-container', /No such container: nobody/],
    [{ since: ['nobody'] }, 'no-such-container', /No such container: nobody/],
  ] as const)
    it(`refused: ${JSON.stringify(filters)}`, () => assert.rejects(chosen(filters as never), { code, message }));
});
