/** Every field of a new container in Docker's description: what asking for it does. None is passed over in silence. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPlan } from '../../../../app/docker-api/codec/create.ts';
import { decode } from '../../../../app/docker-api/codec/decode.ts';
import { CreateRequest } from '../../../../app/docker-api/codec/host-config.ts';
import { EngineError } from '../../../../guest-agent/protocol/errors.ts';
import { fieldsOf } from '../../../support/api-description.ts';

type Samples = Readonly<Record<string, unknown>>;
const throttle = [{ Path: '/dev/vdb', Rate: 1 }];

const hostConfig: Readonly<Record<Effect, Samples>> = {
  honoured: {
    ...{ CpuShares: 5, Memory: 2 ** 24, MemoryReservation: 2 ** 23, MemorySwap: -1, NanoCpus: 1e9, PidsLimit: 5 },
    ...{ CpuPeriod: 5000, CpuQuota: 5000, CpusetCpus: '0', CpusetMems: '0', BlkioWeight: 50, CgroupParent: '/x' },
    ...{ BlkioDeviceReadBps: throttle, BlkioDeviceWriteBps: throttle },
    ...{ BlkioDeviceReadIOps: throttle, BlkioDeviceWriteIOps: throttle },
    ...{ Devices: [{ PathOnHost: '/dev/null' }], DeviceCgroupRules: ['c 1:* r'], Init: true },
    ...{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }], Sysctls: { a: 'b' }, ShmSize: 4096, OomScoreAdj: 5 },
    ...{ Binds: ['data:/data'], Mounts: [{ Type: 'volume', Target: '/x' }], Tmpfs: { '/t': '' }, VolumesFrom: ['web'] },
    ...{ LogConfig: { Type: 'local', Config: { 'max-size': '1m' } }, Annotations: { a: 'b' }, ConsoleSize: [5, 6] },
    ...{ NetworkMode: 'none', PidMode: 'host', IpcMode: 'host', UTSMode: 'host', UsernsMode: 'host' },
    ...{ CgroupnsMode: 'host', PortBindings: { '80/tcp': [{}] }, PublishAllPorts: true, Links: ['db:db'] },
    ...{ Dns: ['1.1.1.1'], DnsOptions: ['ndots:2'], DnsSearch: ['lan'], ExtraHosts: ['a:1.1.1.1'], GroupAdd: ['5'] },
    ...{ RestartPolicy: { Name: 'always' }, AutoRemove: true, ReadonlyRootfs: true, Privileged: true },
    ...{ CapAdd: ['SYS_NICE'], CapDrop: ['CHOWN'], SecurityOpt: ['no-new-privileges'] },
    // The guest, which knows that cgroup v2 has no such switch, warns of it.
    OomKillDisable: true,
  },
  warned: {
    ...{ BlkioWeightDevice: [{ Path: '/dev/vdb', Weight: 50 }], CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 1000 },
    ...{ MemorySwappiness: 5, VolumeDriver: 'far', Cgroup: 'container:web' },
    ...{ MaskedPaths: ['/proc/keys'], ReadonlyPaths: ['/proc/sys'] },
  },
  refused: {
    ...{ DeviceRequests: [{ Driver: 'nvidia' }], StorageOpt: { size: '1g' }, Runtime: 'kata' },
    ...{ Isolation: 'hyperv', IOMaximumBandwidth: 5, IOMaximumIOps: 5 },
  },
  meaningless: {
    // Docker's own engine passes them over on Linux.
    ...{ CpuCount: 1, CpuPercent: 5 },
    // Its client writes the file.
    ContainerIDFile: '/tmp/id',
  },
};

const config: Readonly<Record<Effect, Samples>> = {
  honoured: {
    ...{ Hostname: 'h', Domainname: 'd', User: 'u', WorkingDir: '/w', StopSignal: 'INT', StopTimeout: 5 },
    ...{ ExposedPorts: { '80/tcp': {} }, Tty: true, OpenStdin: true, StdinOnce: true, Env: ['A=b'], Cmd: ['x'] },
    ...{ Healthcheck: { Test: ['NONE'] }, Image: 'other', Volumes: { '/v': {} }, Entrypoint: ['x'] },
    ...{ NetworkDisabled: true, Labels: { a: 'b' } },
  },
  warned: {},
  refused: {},
  meaningless: {
    // The client attaches by a request of its own.
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
    // Of Windows, and of builders.
    ...{ ArgsEscaped: true, OnBuild: ['RUN x'], Shell: ['sh'] },
  },
};

type Effect = 'honoured' | 'warned' | 'refused' | 'meaningless';

function plan(body: object) {
  const context = { minor: 51, platform: '', windows: false };
  return createPlan(decode(CreateRequest, { Image: 'busybox', ...body }), context);
}

function effectOf(body: object): Effect {
  const plain = plan({});
  try {
    const { config: made, warnings } = plan(body);
    if (warnings.length > 0) return 'warned';
    return JSON.stringify(made) === JSON.stringify(plain.config) ? 'meaningless' : 'honoured';
  } catch (error) {
    assert.ok(error instanceof EngineError, String(error));
    return 'refused';
  }
}

function checked(definition: string, samples: typeof config, bodyOf: (field: object) => object): void {
  describe(definition, () => {
    it('has no field of which nobody says what it does', () => {
      const known = Object.values(samples).flatMap((fields) => Object.keys(fields));
      assert.deepEqual(known.toSorted(), fieldsOf(definition).toSorted());
    });
    for (const [effect, fields] of Object.entries(samples))
      for (const [name, value] of Object.entries(fields))
        it(`${name} is ${effect}`, () => assert.equal(effectOf(bodyOf({ [name]: value })), effect));
  });
}

checked('HostConfig', hostConfig, (HostConfig) => ({ HostConfig }));
checked('ContainerConfig', config, (field) => field);
