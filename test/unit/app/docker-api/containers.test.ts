/** Containers as they are listed and inspected. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerInspect } from '../../../../app/docker-api/codec/container-inspect.ts';
import { containerSummary } from '../../../../app/docker-api/codec/container-summary.ts';
import type { ContainerInfo, ContainerSpec } from '../../../../guest-agent/protocol/index.ts';
import { containerInfo } from '../../../support/container-info.ts';

const bridge = { network: 'bridge', ipv4: '172.17.0.2', prefixLength: 16, gateway: '172.17.0.1', macAddress: '' };
const facts = { minor: 51, nowMs: 0, networks: [], ports: [] };

function running(spec: Partial<ContainerSpec>): ContainerInfo {
  return { ...containerInfo('web', spec), state: { status: 'running', pid: 1, startedAt: '0' }, endpoints: [bridge] };
}

describe('ports', () => {
  const open = { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080 } as const;
  const info = running({ ports: [open], exposedPorts: ['6379/tcp', '80/tcp'] });
  const ports = [open];

  it('that are exposed and not published are told without a port of the host', () => {
    assert.deepEqual(containerSummary(info, { ...facts, ports }).Ports, [
      { IP: '127.0.0.1', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      { PrivatePort: 6379, Type: 'tcp' },
    ]);
    const { Config, NetworkSettings } = containerInspect(info, { ...facts, ports });
    assert.deepEqual(Config.ExposedPorts, { '6379/tcp': {}, '80/tcp': {} });
    assert.deepEqual(NetworkSettings.Ports, {
      '6379/tcp': null,
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
    });
  });
  it('are the machine’s on its network, and nobody’s while the container does not run', () => {
    for (const other of [{ ...info, endpoints: [] }, containerInfo('web', { exposedPorts: ['80/tcp'] })]) {
      assert.deepEqual(containerSummary(other, facts).Ports, []);
      assert.deepEqual(containerInspect(other, facts).NetworkSettings.Ports, {});
    }
  });
  it('of a record from before are those of its image', () => {
    const old = running({});
    delete old.spec.exposedPorts;
    const image = { User: '', Env: [], WorkingDir: '', StopSignal: '', Volumes: [], ExposedPorts: ['53/udp', '80'] };
    const { Config, NetworkSettings } = containerInspect(old, { ...facts, image });
    assert.deepEqual(Config.ExposedPorts, { '53/udp': {}, '80/tcp': {} });
    assert.deepEqual(NetworkSettings.Ports, { '53/udp': null, '80/tcp': null });
  });
});

it('a limit of processes that was never asked for is null; one that a change lifted is 0', () => {
  const limit = (resources: ContainerSpec['resources']) =>
    containerInspect(running({ resources }), facts).HostConfig.PidsLimit;
  assert.deepEqual([{}, { pidsLimit: 0 }, { pidsLimit: -1 }, { pidsLimit: 7 }].map(limit), [null, 0, 0, 7]);
});
