/** What a container was asked for with is told by its inspection, so that a tool can make another like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';

test('ports: exposed ones, those without a binding, and all', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({
    ...{ Image: 'tiny', Cmd: ['sleep'], ExposedPorts: { '6379/tcp': {}, '53/udp': {} } },
    HostConfig: { PortBindings: { '80/tcp': [] } },
  });
  await container.start();
  const { Config, HostConfig, NetworkSettings } = await container.inspect();
  assert.deepEqual(Config.ExposedPorts, { '6379/tcp': {}, '53/udp': {}, '80/tcp': {} });
  assert.deepEqual(
    [HostConfig.PortBindings, HostConfig.PublishAllPorts],
    [{ '80/tcp': [{ HostIp: '', HostPort: '' }] }, false],
  );
  assert.deepEqual([NetworkSettings.Ports['6379/tcp'], NetworkSettings.Ports['53/udp']], [null, null]);
  assert.match(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort ?? '', /^[1-9]/);
  const all = await docker.createContainer({
    ...{ Image: 'tiny', Cmd: ['sleep'], ExposedPorts: { '81/tcp': {} } },
    HostConfig: { PublishAllPorts: true, PortBindings: { '82/tcp': [{ HostPort: '' }] } },
  });
  await all.start();
  const inspected = await all.inspect();
  assert.equal(inspected.HostConfig.PublishAllPorts, true);
  assert.deepEqual(inspected.HostConfig.PortBindings, { '82/tcp': [{ HostIp: '', HostPort: '' }] });
  assert.match(inspected.NetworkSettings.Ports['81/tcp']?.[0]?.HostPort ?? '', /^[1-9]/);
  const [row] = await docker.listContainers({ filters: { id: [container.id] } });
  const closed = (row?.Ports ?? []).filter(({ PublicPort }) => (PublicPort as number | undefined) === undefined);
  assert.deepEqual(closed.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`).toSorted(), ['53/udp', '6379/tcp']);
});

test('the entrypoint, mounts in the form that they had, limits of the processor, annotations', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const Mounts = [
    { Type: 'volume', Source: 'data', Target: '/part', VolumeOptions: { NoCopy: true, Subpath: 'sub' } },
    { Type: 'volume', Target: '/unnamed', ReadOnly: true },
    {
      Type: 'tmpfs',
      Target: '/scratch',
      TmpfsOptions: { SizeBytes: 4096, Mode: 0o700, Options: [['noexec'], ['uid', '5']] },
    },
  ];
  const asked = {
    ...{ Binds: ['data:/data:ro,nocopy', 'plain:/plain'], Tmpfs: { '/tmp': 'noexec,size=4096' }, Mounts },
    ...{ CpuQuota: 900_000, CpuPeriod: 50_000, Annotations: { 'run.kind': 'played' } },
  };
  await docker.createContainer({
    Image: 'tiny',
    Cmd: ['sleep'],
    name: 'giver',
    HostConfig: { Binds: ['given:/given'] },
  });
  const container = await docker.createContainer({
    ...{ Image: 'tiny', Entrypoint: ['echo', '-n'], Cmd: ['word'], Volumes: { '/own': {} } },
    HostConfig: { ...asked, VolumesFrom: ['giver:ro'] } as object,
  });
  const { Path, Args, Config, HostConfig, Mounts: points } = await container.inspect();
  assert.deepEqual([Path, Args], ['echo', ['-n', 'word']]);
  assert.deepEqual([Config.Entrypoint, Config.Cmd, Config.Volumes], [['echo', '-n'], ['word'], { '/own': {} }]);
  for (const [name, value] of Object.entries({ ...asked, VolumesFrom: ['giver:ro'] }))
    assert.deepEqual(HostConfig[name as keyof typeof HostConfig], value, name);
  const given = points.find(({ Destination }) => Destination === '/given');
  assert.deepEqual([given?.Name, given?.RW], ['given', false]);
});

test('an update changes limits, and warns of those that there are not', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
  const change = { CpuShares: 512, MemorySwappiness: 10, OomKillDisable: true, RestartPolicy: { Name: 'always' } };
  const { Warnings } = (await container.update(change)) as { Warnings: string[] };
  assert.match(Warnings.join('\n'), /^Memory swappiness: .*ignored\.\n--oom-kill-disable has no effect/);
  const { HostConfig } = await container.inspect();
  assert.deepEqual([HostConfig.CpuShares, HostConfig.RestartPolicy?.Name], [512, 'always']);
});

test('options of bind mounts, those without effect, too', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const options = [
    { Propagation: 'rslave', NonRecursive: true, ReadOnlyNonRecursive: true },
    { CreateMountpoint: true, ReadOnlyForceRecursive: true },
    {},
    undefined,
  ];
  const Mounts = options.map((BindOptions, index) => ({
    ...{ Type: 'bind' as const, Source: socketPath, Target: `/place${index}`, ReadOnly: true },
    ...(BindOptions !== undefined && { BindOptions: BindOptions as Docker.MountSettings['BindOptions'] }),
  }));
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], HostConfig: { Mounts } });
  const { HostConfig, Mounts: points } = await container.inspect();
  assert.deepEqual(HostConfig.Mounts, Mounts);
  assert.deepEqual(new Set(points.map(({ Propagation }) => Propagation)), new Set(['rprivate']));
});
