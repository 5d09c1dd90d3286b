/** A host service of fakes that has one of everything. */
import type { HistoryEntry, ImageSummary } from '../../app/contract/index.ts';
import type { ContainerInfo, ContainerStats, NetworkInfo, VolumeInfo } from '../../guest-agent/protocol/index.ts';
import { runningEngine, type FakeApi } from './cli.ts';
import { containerInfo } from './container-info.ts';

const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort: 8080 }];
const web: ContainerInfo = {
  ...containerInfo('c'.repeat(64), { ports }),
  name: 'web',
  state: { status: 'running', pid: 5, startedAt: '1' },
};

const image: ImageSummary = {
  id: `sha256:${'1'.repeat(64)}`,
  digest: `sha256:${'2'.repeat(64)}`,
  references: ['local/app:latest'],
  repoDigests: [],
  platform: 'linux/amd64',
  createdAt: '2026-01-02T00:00:00Z',
  sizeBytes: 1_000_000,
  layers: [],
  labels: {},
};

const step: HistoryEntry = {
  id: image.id,
  createdAt: image.createdAt,
  createdBy: 'RUN true',
  comment: '',
  sizeBytes: 1,
  references: image.references,
};

const volume: VolumeInfo = {
  name: 'data',
  createdAt: '1',
  labels: {},
  anonymous: false,
  mountpoint: '/data/volumes/data',
  containers: ['web'],
};

const network: NetworkInfo = {
  id: 'f'.repeat(64),
  name: 'bridge',
  driver: 'bridge',
  subnet: '172.30.0.0/16',
  gateway: '172.30.0.1',
  bridge: 'berth0',
  containers: ['web'],
  createdAt: '1',
  internal: false,
  ipv6: false,
  pools: [{ subnet: '172.30.0.0/16', gateway: '172.30.0.1' }],
  labels: {},
  options: {},
};

const stats: ContainerStats = {
  id: web.id,
  name: 'web',
  timeNano: '1',
  cpuUsageNano: 1,
  cpuUserNano: 1,
  cpuSystemNano: 0,
  throttledNano: 0,
  systemCpuNano: 10,
  onlineCpus: 2,
  memoryBytes: 1,
  memoryLimitBytes: 10,
  memoryDetail: {},
  memoryEvents: {},
  pids: 1,
  pidsLimit: 0,
  blockRead: 0,
  blockWrite: 0,
  network: {},
  pressure: {},
};

export const busyApi: FakeApi = {
  engine: {
    ...runningEngine,
    doctor: () => Promise.resolve([{ name: 'qemu', status: 'ok' as const, detail: 'is there', hint: '' }]),
  },
  machines: {
    list: async () => [
      {
        name: 'default',
        settings: { cpus: 2, memoryBytes: 2 ** 30, diskBytes: 2 ** 36, accelerator: '', shares: [] },
        state: await runningEngine.state(),
        hostBytes: 1,
      },
    ],
  },
  containers: {
    list: () => Promise.resolve([web]),
    inspect: () => Promise.resolve(web),
    ports: () => Promise.resolve(ports),
    size: () => Promise.resolve({ writableBytes: 1 }),
    stats: () => Promise.resolve([stats]),
    top: () => Promise.resolve({ titles: ['PID', 'COMMAND'], processes: [['5', 'true']] }),
    explain: () =>
      Promise.resolve({
        ops: [{ index: 0, actor: 'agent', op: 'mkdir', detail: '/c', why: 'its cgroup' }],
        warnings: [],
      }),
  },
  images: {
    list: () => Promise.resolve([image]),
    inspect: () => Promise.resolve({ summary: image, config: {} }),
    history: () => Promise.resolve([step]),
    search: () => Promise.resolve([{ name: 'app', description: 'An app', stars: 3, official: true, automated: false }]),
  },
  volumes: { list: () => Promise.resolve([volume]), inspect: () => Promise.resolve(volume) },
  networks: { list: () => Promise.resolve([network]), inspect: () => Promise.resolve(network) },
  explain: {
    port: () =>
      Promise.resolve({
        subject: 'port 8080/tcp',
        works: true,
        verdict: 'it leads to web',
        hops: [{ name: 'process', status: 'ok', detail: 'nginx listens', fix: '' }],
      }),
    dns: () => Promise.resolve({ subject: 'name db', works: true, verdict: 'db is 10.7.0.2', hops: [] }),
  },
  system: {
    use: () => Promise.resolve({ images: 1, active: 1, hostBytes: 10, reclaimableBytes: 5 }),
    check: () => Promise.resolve({ blobs: 1, layers: 1, images: 1, guests: [], findings: [] }),
  },
};
