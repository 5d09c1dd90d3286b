import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerInfo } from '../../../guest-agent/protocol/index.ts';
import { command, type Outcome } from '../../support/berth.ts';
import { fakeHost, nodeArguments, runningEngine, type FakeApi, type FakeHost } from '../../support/cli.ts';
import { containerInfo } from '../../support/container-info.ts';
import { runConfig } from '../../support/run-config.ts';

const berth = (host: FakeHost, ...args: string[]): Promise<Outcome> =>
  command(process.execPath, nodeArguments(...args), host);

const ago = (seconds: number): string => `${BigInt(Date.now() - seconds * 1000) * 1_000_000n}`;
const id = (letter: string): string => letter.repeat(64);

const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostAddress: '', hostPort: 8080 }];
const containers: ContainerInfo[] = [
  {
    ...containerInfo(id('a'), { ports, labels: { app: 'shop' } }),
    name: 'web',
    createdAt: ago(310),
    state: { status: 'running', pid: 5, startedAt: ago(250) },
  },
  {
    ...containerInfo(id('b'), { argv: ['sh', '-c', 'a long line of shell'] }),
    name: 'job',
    createdAt: ago(20_000),
    state: { status: 'exited', exitCode: 3, oomKilled: true, startedAt: ago(15_000), finishedAt: ago(11_000) },
  },
];

const api: FakeApi = {
  engine: runningEngine,
  containers: {
    list: ({ all }) => Promise.resolve(containers.filter(({ state }) => all || state.status === 'running')),
    ports: () => Promise.resolve([{ containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080 }]),
    inspect: ({ id: name }) => Promise.resolve(containers.find((info) => info.name === name) ?? containerInfo(name)),
    size: () => Promise.resolve({ writableBytes: 1_500_000 }),
  },
};

describe('ps', () => {
  const table: [string[], string][] = [
    [
      [],
      'CONTAINER ID   IMAGE     COMMAND   CREATED         STATUS         PORTS                    NAMES\n' +
        'aaaaaaaaaaaa   busybox   "true"    5 minutes ago   Up 4 minutes   127.0.0.1:8080->80/tcp   web\n',
    ],
    [['-aq'], 'aaaaaaaaaaaa\nbbbbbbbbbbbb\n'],
    [['-q', '--no-trunc'], `${id('a')}\n`],
    [['-l', '--format', '{{.Names}}'], 'web\n'],
    [['-n', '2', '--format', '{{.Names}}'], 'web\njob\n'],
    [['-a', '--filter', 'status=exited', '--format', '{{.Names}}: {{.Status}}'], 'job: Exited (3) 3 hours ago\n'],
    [['-a', '--filter', 'exited=3', '-q'], 'bbbbbbbbbbbb\n'],
    [['-a', '--filter', 'label=app=shop', '--filter', 'name=^web$', '-q'], 'aaaaaaaaaaaa\n'],
    [['-a', '--filter', 'label=app=other', '-q'], ''],
    [
      ['-a', '--format', 'table {{.Names}}\\t{{.State}}\\t{{.Label "app"}}'],
      'NAMES   STATE     app\nweb     running   shop\njob     exited\n',
    ],
    [['--format', '{{.Size}} {{.Networks}} {{.Labels}}'], '1.5MB bridge app=shop\n'],
    [['-a', '--format', '{{json .Command}}'], '"\\"true\\""\n"\\"sh -c a long line o…\\""\n'],
  ];
  for (const [args, wanted] of table)
    it(`ps ${args.join(' ')}`, async (t) => {
      const outcome = await berth(await fakeHost(t, api), 'ps', ...args);
      assert.deepEqual(outcome, { code: 0, stdout: wanted, stderr: '' });
    });
  it('container ls --format json is one object a line', async (t) => {
    const { stdout } = await berth(await fakeHost(t, api), 'container', 'ls', '--format', 'json');
    const row = JSON.parse(stdout) as Record<string, string>;
    assert.deepEqual([row['ID'], row['Names'], row['State']], ['aaaaaaaaaaaa', 'web', 'running']);
  });
  it('ps --guest names owners', async (t) => {
    const processes = [
      { pid: 1, parent: 0, user: 0, innerPids: [], owner: '', rssBytes: 1024, command: 'init' },
      { pid: 50, parent: 1, user: 100000, innerPids: [1], owner: id('a'), rssBytes: 2048, command: 'true' },
      { pid: 60, parent: 1, user: 0, innerPids: [1], owner: 'unshare', rssBytes: 4096, command: 'sh' },
    ];
    const host = await fakeHost(t, { ...api, guest: { processes: () => Promise.resolve(processes) } });
    const { stdout } = await berth(host, 'ps', '--guest');
    assert.equal(
      stdout,
      'PID   PARENT   INNER PID   UID      OWNER     MEMORY   COMMAND\n' +
        '1     0                    0        guest     1KiB     init\n' +
        '50    1        1           100000   web       2KiB     true\n' +
        '60    1        1           0        unshare   4KiB     sh\n',
    );
  });
});

describe('inspect', () => {
  it("has Docker's shape", async (t) => {
    const { stdout } = await berth(await fakeHost(t, api), 'inspect', 'job');
    const [job] = JSON.parse(stdout) as { State: object; Name: string; Path: string; Args: string[] }[];
    assert.deepEqual([job?.Name, job?.Path, job?.Args], ['/job', 'sh', ['-c', 'a long line of shell']]);
    assert.partialDeepStrictEqual(job?.State, {
      Status: 'exited',
      ExitCode: 3,
      OOMKilled: true,
      Running: false,
      Pid: 0,
    });
  });
  const table: [string, string][] = [
    ['{{.State.Running}} {{.State.Pid}}', 'true 5\n'],
    ['{{.Config.Labels.app}}', 'shop\n'],
    ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', '8080\n'],
    ['{{range $port, $to := .NetworkSettings.Ports}}{{$port}}{{end}}', '80/tcp\n'],
  ];
  for (const [format, wanted] of table)
    it(format, async (t) => {
      const outcome = await berth(await fakeHost(t, api), 'inspect', '-f', format, 'web');
      assert.deepEqual(outcome, { code: 0, stdout: wanted, stderr: '' });
    });
  it('says which field there is not', async (t) => {
    const outcome = await berth(await fakeHost(t, api), 'inspect', '-f', '{{.Stat}}', 'web');
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /^berth: --format: there is no field \.Stat; there are Id, /);
  });
});

describe('run', () => {
  it('asks for what the flags say', async (t) => {
    const asked: unknown[] = [];
    const host = await fakeHost(t, {
      engine: runningEngine,
      containers: {
        create: (params) => Promise.resolve((asked.push(params), { id: id('c'), name: 'n', warnings: [] })),
        start: () => Promise.resolve({}),
      },
    });
    const flags =
      '--name n -d --rm -m 64m --cpus 0.5 -p 8080:80 -v data:/d:ro -e A=1 --cap-drop ALL --read-only --entrypoint e';
    const outcome = await berth(host, 'run', ...flags.split(' '), 'busybox', '-x', '--rm');
    assert.deepEqual(outcome, { code: 0, stdout: `${id('c')}\n`, stderr: '' });
    const config = runConfig({
      image: 'busybox',
      command: ['-x', '--rm'],
      entrypoint: ['e'],
      env: ['A=1'],
      autoRemove: true,
      readOnlyRoot: true,
      resources: { memoryBytes: 67108864, nanoCpus: 500_000_000 },
      deviceCgroupRules: [],
      exposedPorts: [],
      volumesFrom: [],
      ports: [{ containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 8080 }],
      mounts: [{ type: 'volume', name: 'data', target: '/d', readOnly: true, copyUp: true }],
      security: { ...runConfig().security, capDrop: ['ALL'] },
    });
    assert.deepEqual(asked, [{ name: 'n', config, freePorts: true }]);
  });

  it('--explain prints the plan and makes nothing', async (t) => {
    const ops = [
      {
        index: 0,
        actor: 'agent' as const,
        op: 'mkdir',
        detail: 'mkdir("/sys/fs/cgroup/c", 0755)',
        why: 'its own cgroup',
      },
      { index: 1, actor: 'container' as const, op: 'exec', detail: 'execve("true")', why: '' },
    ];
    const host = await fakeHost(t, {
      engine: runningEngine,
      containers: { explain: () => Promise.resolve({ ops, warnings: [] }) },
    });
    const plain = await berth(host, 'run', '--explain', 'busybox', 'true');
    assert.equal(
      plain.stdout,
      '0  agent      mkdir: mkdir("/sys/fs/cgroup/c", 0755)\n              its own cgroup\n1  container  exec: execve("true")\n',
    );
    const json = await berth(host, 'run', '--explain', '--json', 'busybox', 'true');
    assert.deepEqual(JSON.parse(json.stdout), ops);
  });

  it('starts a stopped engine, telling so line by line; --quiet says nothing', async (t) => {
    const stopped: FakeApi = {
      engine: {
        state: () => Promise.resolve({ status: 'stopped' }),
        start: () => {
          for (const detail of ['booting', 'connecting'])
            host.emit({
              kind: 'engine',
              machine: 'm2',
              state: { status: 'starting', stage: 'vm', detail, sinceMs: 1 },
            });
          return runningEngine.state();
        },
      },
      containers: {
        create: () => Promise.resolve({ id: 'c', name: 'n', warnings: [] }),
        start: () => Promise.resolve({}),
      },
    };
    const host: FakeHost = await fakeHost(t, stopped);
    const told = await berth(host, '--machine', 'm2', 'run', '-d', 'busybox');
    assert.deepEqual(told, {
      code: 0,
      stdout: 'c\n',
      stderr: 'Starting the engine: booting\nStarting the engine: connecting\n',
    });
    assert.deepEqual(host.machines, ['m2']);
    const quiet = await berth(host, '--machine', 'm2', 'run', '-q', '-d', 'busybox');
    assert.equal(quiet.stderr, '');
  });
});

describe('several names', () => {
  it('each has its turn, failures are told, the code says so', async (t) => {
    const host = await fakeHost(t, {
      containers: {
        pause: ({ id: name }) => (name === 'b' ? Promise.reject(new Error('no b')) : Promise.resolve({})),
      },
    });
    const outcome = await berth(host, 'pause', 'a', 'b', 'c');
    assert.deepEqual([outcome.code, outcome.stdout], [1, 'a\nc\n']);
    assert.match(outcome.stderr, /^berth: no b$/m);
  });
});

describe('stop --service', () => {
  it('stops the engine, then the service', async (t) => {
    const calls: unknown[] = [];
    const host = await fakeHost(t, { engine: { stop: (params) => Promise.resolve((calls.push(params), {})) } });
    const outcome = await berth(host, 'stop', '--service');
    assert.deepEqual([outcome.code, calls, host.shutdowns], [0, [{ force: false }], 1]);
  });
});
