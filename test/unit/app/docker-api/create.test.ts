/** From Docker's request for a container to ours. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../../app/base/error.ts';
import { createPlan } from '../../../../app/docker-api/codec/create.ts';
import { decode, parseJson } from '../../../../app/docker-api/codec/decode.ts';
import { apiError } from '../../../../app/docker-api/codec/error.ts';
import { maskedPaths, readonlyPaths } from '../../../../app/docker-api/codec/system-paths.ts';
import { CreateRequest, UpdateRequest } from '../../../../app/docker-api/codec/host-config.ts';
import { updateWarnings } from '../../../../app/docker-api/codec/warnings.ts';

const refused = (work: () => unknown, message: RegExp) => {
  assert.throws(
    work,
    (error: unknown) => error instanceof EngineError && apiError(error).status === 400 && message.test(error.message),
  );
};

describe('create', () => {
  const plan = (body: object, windows = false, minor = 51) =>
    createPlan(decode(CreateRequest, { Image: 'busybox', ...body }), { minor, platform: '', windows });
  const host = (HostConfig: object, windows = false) => plan({ HostConfig }, windows).config;

  it('nothing but an image: the usual', () => {
    const { config, warnings } = plan({});
    assert.deepEqual(warnings, []);
    assert.deepEqual(config.namespaces, {
      ...{ user: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'bridge' },
    });
    assert.deepEqual([config.entrypoint, config.command, config.mounts, config.resources], [undefined, [], [], {}]);
  });
  it('names of fields in any case, an exact one before others; keys of maps as they are', () => {
    const { config } = plan({
      ...{ cmd: ['x'], CMD: ['y'], Cmd: ['z'], env: ['A=b'], labels: { Kind: '1', kind: '2' } },
      hostconfig: {
        portbindings: { '80/tcp': [{ hostport: '8080' }] },
        mounts: [{ type: 'tmpfs', TARGET: '/t', tmpfsoptions: { sizebytes: 5 } }],
      },
      networkingconfig: { endpointsconfig: { Mine: { aliases: ['a'] } } },
    });
    assert.deepEqual([config.command, config.env, config.labels], [['z'], ['A=b'], { Kind: '1', kind: '2' }]);
    assert.equal(config.ports[0]?.hostPort, 8080);
    const [mount] = config.mounts;
    assert.deepEqual([mount?.target, mount?.type === 'tmpfs' && mount.sizeBytes], ['/t', 5]);
    assert.deepEqual(config.networks?.[0]?.aliases, ['a']);
    assert.equal(config.namespaces.network, 'Mine');
  });
  it('words and lists of words; nulls are zero values', () => {
    const { config } = plan({
      Cmd: 'echo',
      Entrypoint: [],
      Env: null,
      Labels: null,
      Volumes: { '/v': {} },
      StopTimeout: 0,
    });
    assert.deepEqual([config.command, config.entrypoint, config.stopTimeoutSeconds], [['echo'], [], 0]);
    assert.deepEqual(config.mounts, [{ type: 'volume', name: '', target: '/v', readOnly: false, copyUp: true }]);
  });
  it('binds, mounts and tmpfs', () => {
    const bind = (Binds: string[], windows = false) => host({ Binds }, windows).mounts[0];
    assert.deepEqual(bind(['/a:/b:ro']), {
      ...{ type: 'bind', source: '/a', target: '/b', readOnly: true, createSource: true },
    });
    assert.deepEqual(bind(['C:\\a:/b'], true), {
      type: 'bind',
      source: 'C:\\a',
      target: '/b',
      readOnly: false,
      createSource: true,
    });
    const volume = { type: 'volume', name: 'data', target: '/b', readOnly: false };
    assert.deepEqual(bind(['data:/b:nocopy']), { ...volume, copyUp: false });
    const { mounts } = host({
      Mounts: [{ Type: 'volume', Source: 'data', Target: '/b', VolumeOptions: { NoCopy: true } }],
    });
    assert.deepEqual(mounts, [{ ...volume, copyUp: false, askedAs: 'mount' }]);
    assert.deepEqual(host({ Tmpfs: { '/t': 'size=64m,mode=0700,noexec,ro' } }).mounts, [
      { type: 'tmpfs', target: '/t', readOnly: true, sizeBytes: 2 ** 26, mode: 0o700, options: ['noexec'] },
    ]);
    for (const [mount, message] of [
      [{ Type: 'bind', Source: '', Target: '/b' }, /Source must not be empty/],
      [{ Type: 'volume', Target: '' }, /Target must not be empty/],
      [{ Type: 'tmpfs', Source: 'x', Target: '/t' }, /Source must not be specified/],
      [{ Type: 'npipe', Source: 'x', Target: '/t' }, /not supported/],
    ] as const)
      refused(() => host({ Mounts: [mount] }), message);
    refused(() => host({ Binds: ['/only'] }), /invalid volume specification/);
  });
  it('ports', () => {
    assert.deepEqual(host({ PortBindings: { '80': [{ HostPort: '8080' }], '53/udp': [{ HostIp: '::1' }] } }).ports, [
      { containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 8080 },
      { containerPort: 53, protocol: 'udp', hostAddress: '::1', hostPort: 0 },
    ]);
    const { config } = plan({ ExposedPorts: { '81/tcp': {} }, HostConfig: { PublishAllPorts: true } });
    assert.deepEqual([config.ports, config.exposedPorts, config.publishAll], [[], ['81/tcp'], true]);
    const free = [{ containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 0 }];
    for (const bindings of [null, [], [{}]])
      assert.deepEqual(host({ PortBindings: { '80/tcp': bindings } }).ports, free, JSON.stringify(bindings));
    const empty = { HostConfig: { PortBindings: { '80/tcp': [], '81/tcp': [{}] } } };
    assert.deepEqual(plan(empty).warnings, []);
    assert.match(
      plan(empty, false, 52).warnings.join(),
      /^Following container port\(s\) have an empty list .*: 80\/tcp\. /,
    );
    for (const key of ['0', '70000', 'http', '80/sctp'])
      refused(() => host({ PortBindings: { [key]: [{}] } }), /invalid port/);
  });
  it('limits', () => {
    assert.deepEqual(host({ Memory: 1024, MemorySwap: -1, CpuQuota: 50_000, PidsLimit: 10 }).resources, {
      ...{ memoryBytes: 1024, memorySwapBytes: -1, cpuQuotaMicros: 50_000, pidsLimit: 10 },
    });
    assert.deepEqual(host({ CpuPeriod: 20_000 }).resources, { cpuPeriodMicros: 20_000 });
    refused(() => host({ NanoCpus: 1, CpuPeriod: 1000 }), /CPU Period cannot both be set/);
    refused(() => host({ NanoCpus: 1, CpuQuota: 1 }), /cannot both be set/);
  });
  it('security and namespaces', () => {
    const { security } = host({
      CapAdd: ['CAP_net_admin'],
      SecurityOpt: ['no-new-privileges:true', 'seccomp={"a":1}'],
      MaskedPaths: [],
      ReadonlyPaths: [],
    });
    assert.deepEqual(security.capAdd, ['NET_ADMIN']);
    assert.deepEqual([security.noNewPrivileges, security.systemPathsUnconfined], [true, true]);
    assert.deepEqual(security.seccomp, { kind: 'profile', profile: { a: 1 } });
    assert.equal(host({ PidMode: 'container:web' }).namespaces.pid, 'container:web');
    assert.equal(plan({ NetworkingConfig: { EndpointsConfig: { mine: {} } } }).config.namespaces.network, 'mine');
    refused(() => host({ PidMode: 'odd' }), /invalid PID mode/);
    refused(() => host({ SecurityOpt: ['odd'] }), /security-opt/);
  });
  it('networks, with aliases, links and fixed addresses', () => {
    const { config, warnings } = plan({
      HostConfig: { NetworkMode: 'front', Links: ['/db:/web/base', 'cache'] },
      NetworkingConfig: {
        EndpointsConfig: {
          front: { Aliases: ['web'], IPAMConfig: { IPv4Address: '10.1.0.5' } },
          back: { GwPriority: 2 },
        },
      },
    });
    assert.deepEqual(warnings, []);
    assert.deepEqual(config.networks, [
      {
        ...{ network: 'front', aliases: ['web'], ipv4: '10.1.0.5' },
        links: [
          { container: 'db', alias: 'base' },
          { container: 'cache', alias: 'cache' },
        ],
      },
      { network: 'back', aliases: [], links: [], gatewayPriority: 2 },
    ]);
    assert.deepEqual(
      plan({ HostConfig: { NetworkMode: 'host' }, NetworkingConfig: { EndpointsConfig: { host: {} } } }).config
        .networks,
      [],
    );
  });
  it('a range of host ports', () => {
    const [port] = host({ PortBindings: { '80': [{ HostPort: '8000-8010' }] } }).ports;
    assert.deepEqual([port?.hostPort, port?.hostPortEnd], [8000, 8010]);
    refused(() => host({ PortBindings: { '80': [{ HostPort: '8010-8000' }] } }), /invalid port/);
  });
  it('a warning for each wish that cannot be granted', () => {
    const { config, warnings } = plan({ HostConfig: { CgroupParent: '/x', VolumeDriver: 'far' } });
    assert.match(warnings.join(), /^A volume driver[^,]+$/);
    assert.equal(config.cgroupParent, '/x');
  });
  it('a warning for each wish: one row each', () => {
    const log = (Type: string, Config: object) => ({ LogConfig: { Type, Config } });
    const table: [object, RegExp | undefined][] = [
      [{ BlkioWeightDevice: [{ Path: '/dev/vda', Weight: 20 }] }, /^Weights of block devices: /],
      [{ CpuRealtimePeriod: 1000 }, /^Realtime scheduling: /],
      [{ CpuRealtimeRuntime: 1000 }, /^Realtime scheduling: /],
      [{ MemorySwappiness: 60 }, /^Memory swappiness: /],
      [{ MemorySwappiness: -1 }, undefined],
      [{ KernelMemory: 2 ** 24 }, /^A limit of kernel memory: /],
      [{ KernelMemoryTCP: 2 ** 24 }, /^A limit of kernel memory: /],
      [{ Binds: ['/a:/b:ro,rslave'] }, /^Mount propagation/],
      [{ Binds: ['/a:/b:rprivate', '/shared:/c'] }, undefined],
      [
        { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'rshared' } }] },
        /^Mount prop/,
      ],
      [
        { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } }] },
        /^A mount without/,
      ],
      [
        { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { ReadOnlyForceRecursive: true } }] },
        undefined,
      ],
      [
        log('json-file', { mode: 'non-blocking', 'max-buffer-size': '4m' }),
        /^Logging that drops what it would wait for/,
      ],
      [log('', { mode: 'non-blocking' }), /^Logging that drops/],
      [log('local', { mode: 'blocking', compress: 'false' }), undefined],
      [log('local', { compress: 'true' }), /^Compressed logs: /],
      [log('none', { mode: 'non-blocking', compress: 'true' }), undefined],
      [{ MaskedPaths: ['/proc/keys'] }, /^Masked and read-only paths/],
      [{ MaskedPaths: [], ReadonlyPaths: ['/proc/sys'] }, /^Masked and read-only paths/],
      [{ MaskedPaths: [], ReadonlyPaths: [] }, undefined],
      [{ MaskedPaths: null, ReadonlyPaths: null }, undefined],
      [{ MaskedPaths: maskedPaths, ReadonlyPaths: [...readonlyPaths] }, undefined],
    ];
    for (const [HostConfig, warning] of table) {
      const { warnings } = plan({ HostConfig });
      const told = warnings.length === (warning === undefined ? 0 : 1) && warnings.every((line) => warning?.test(line));
      assert.ok(told, `${JSON.stringify(HostConfig)}: ${warnings.join()}`);
    }
    const endpoint = (one: object) => plan({ NetworkingConfig: { EndpointsConfig: { mine: one } } }).warnings.join();
    assert.match(endpoint({ DriverOpts: { a: 'b' } }), /^Options of an endpoint/);
    assert.match(endpoint({ IPAMConfig: { LinkLocalIPs: ['169.254.1.1'] } }), /^Link-local addresses/);
  });
  it('a change of a container warns of the same limits in the same words, and of what no change reaches', () => {
    const change = (body: object) => updateWarnings(decode(UpdateRequest, body));
    assert.deepEqual(change({ Memory: 2 ** 24, CpuShares: 5, MemorySwappiness: null, BlkioWeightDevice: null }), []);
    const limits = { BlkioWeightDevice: [{ Path: '/dev/vda', Weight: 20 }], CpuRealtimeRuntime: 1000 };
    const all = { ...limits, MemorySwappiness: 60, KernelMemory: 2 ** 24 };
    assert.deepEqual(change(all), plan({ HostConfig: all }).warnings);
    assert.equal(change(all).length, 4);
    for (const [body, warning] of [
      [{ CgroupParent: '/x' }, /^Another cgroup parent .*ignored\.$/],
      [{ Devices: [{ PathOnHost: '/dev/null' }] }, /^Other devices .*ignored\.$/],
      [{ DeviceCgroupRules: ['c 189:* rwm'] }, /^Other devices/],
      [{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }] }, /^Other ulimits .*ignored\.$/],
    ] as const)
      assert.match(change(body).join(), warning);
  });
  it('device rules', () => {
    assert.deepEqual(host({ DeviceCgroupRules: ['c 189:* rwm', 'b 8:0 r'] }).deviceCgroupRules, [
      'c 189:* rwm',
      'b 8:0 r',
    ]);
    refused(() => host({ DeviceCgroupRules: ['c 189:* x'] }), /invalid device cgroup rule format: 'c 189:\* x'/);
  });
  it('options of every log driver', () => {
    const log = (Type: string, Config: object) => host({ LogConfig: { Type, Config } }).log;
    for (const driver of ['json-file', 'local'])
      assert.equal(log(driver, { mode: 'non-blocking', 'max-buffer-size': '4m' })?.options?.['mode'], 'non-blocking');
    assert.deepEqual(log('none', { odd: 'x' })?.options, { odd: 'x' });
    refused(() => log('local', { mode: 'odd' }), /^logger: logging mode not supported: odd$/);
    refused(() => log('local', { 'max-buffer-size': '4m' }), /only supported with 'mode=non-blocking'/);
    refused(() => log('local', { mode: 'non-blocking', 'max-buffer-size': 'x' }), /max-buffer-size/);
  });
  it('refuses what makes no sense', () => {
    refused(() => plan({ Image: '' }), /config cannot be empty/);
    refused(() => plan({ Image: 5 }), /^invalid JSON: Image: /);
    refused(() => host({ RestartPolicy: { Name: 'sometimes' } }), /invalid restart policy/);
    refused(() => host({ AutoRemove: true, RestartPolicy: { Name: 'always' } }), /AutoRemove/);
    refused(() => host({ LogConfig: { Type: 'syslog' } }), /plugin "syslog" not found/);
    refused(
      () => host({ LogConfig: { Type: 'local', Config: { tag: 'x' } } }),
      /unknown log opt 'tag' for local log driver/,
    );
    refused(() => host({ StorageOpt: { size: '1g' } }), /--storage-opt is not supported/);
    refused(() => host({ Runtime: 'kata' }), /unknown or invalid runtime/);
    refused(() => host({ ExtraHosts: ['odd'] }), /^bad format for add-host: "odd"$/);
    refused(
      () => plan({ Healthcheck: { Test: ['CMD', 'x'], Interval: 5 } }),
      /^Interval in Healthcheck cannot be less/,
    );
    refused(() => parseJson(''), /EOF/);
    refused(() => parseJson('{'), /^invalid JSON/);
  });
});
