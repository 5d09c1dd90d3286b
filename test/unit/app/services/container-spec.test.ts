import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec } from '../../../../app/services/container-spec.ts';
import { imageRunConfig } from '../../../../app/services/image-config-spec.ts';
import { mountTarget, mountsOf } from '../../../../app/services/mount-spec.ts';
import { exposedPortsOf, portsOf } from '../../../../app/services/port-spec.ts';
import { runConfig } from '../../../support/run-config.ts';

const image = (config: object) => ({
  reference: 'i',
  id: 'sha256:1',
  layers: ['l'],
  config: imageRunConfig({ config }),
});

test('empty words fall back to the image, then to Docker’s defaults', () => {
  const bare = containerSpec(runConfig({ command: ['c'] }), image({}), []);
  assert.deepEqual(
    [bare.workdir, bare.user, bare.stopSignal, bare.stopTimeoutSeconds, bare.shmBytes, bare.hostname],
    ['/', '', 'SIGTERM', 10, 64 * 2 ** 20, ''],
  );
  const set = image({ WorkingDir: '/w', User: 'u', StopSignal: 'SIGINT', Labels: { a: '1', b: '1' } });
  const spec = containerSpec(runConfig({ command: ['c'], workdir: '', user: '', labels: { b: '2' } }), set, []);
  assert.deepEqual([spec.workdir, spec.user, spec.stopSignal, spec.labels], ['/w', 'u', 'SIGINT', { a: '1', b: '2' }]);
  const own = containerSpec(runConfig({ command: ['c'], workdir: '/x', user: '7:8', stopSignal: 'SIGHUP' }), set, []);
  assert.deepEqual([own.workdir, own.user, own.stopSignal], ['/x', '7:8', 'SIGHUP']);
});

test('a relative working directory is refused', () => {
  assert.throws(() => containerSpec(runConfig({ command: ['c'], workdir: 'x' }), image({}), []), {
    code: 'invalid-argument',
  });
});

test('no limit of processes counts as none that was asked for', () => {
  const limits = (pidsLimit: number) =>
    containerSpec(runConfig({ command: ['c'], resources: { pidsLimit, cpuShares: 5 } }), image({}), []).resources;
  assert.deepEqual([-1, 0, 7].map(limits), [{ cpuShares: 5 }, { cpuShares: 5 }, { cpuShares: 5, pidsLimit: 7 }]);
});

test('mount targets are normalised; those that leave or are the root are refused', () => {
  assert.equal(mountTarget('//a/./b/'), '/a/b');
  for (const target of ['a', '', '/', '/a/../..', '/..', './x', '/a\0b'])
    assert.throws(() => mountTarget(target), { code: 'invalid-argument' }, target);
});

test('volumes of the image become anonymous ones, unless something is mounted there', () => {
  const bind = { type: 'bind', source: '/s', target: '/data/', readOnly: false } as const;
  const mounts = mountsOf([bind], ['/data', '/cache/', '/cache']);
  assert.deepEqual(mounts, [
    { ...bind, target: '/data' },
    { type: 'volume', name: '', target: '/cache', readOnly: false, copyUp: true },
  ]);
});

test('two mounts at one place, and volume names that are paths, are refused', () => {
  const volume = (name: string, target: string) =>
    ({ type: 'volume', name, target, readOnly: false, copyUp: true }) as const;
  assert.throws(() => mountsOf([volume('a', '/x'), volume('b', '/x/')], []), {
    code: 'invalid-argument',
    message: /Two mounts/,
  });
  for (const name of ['../etc', 'a/b', '.x', 'a b'])
    assert.throws(() => mountsOf([volume(name, '/x')], []), { code: 'invalid-argument' });
});

test('-P publishes what is exposed and not asked for; ranges and protocols are understood', () => {
  const { config } = image({ ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000-8001': {}, '9/sctp': {} } });
  const asked = { containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 8080 } as const;
  const free = (containerPort: number, protocol: 'tcp' | 'udp') => ({
    containerPort,
    protocol,
    hostAddress: '',
    hostPort: 0,
    asExposed: true,
  });
  assert.deepEqual(portsOf({ ports: [asked], publishAll: true }, config), [
    asked,
    free(53, 'udp'),
    free(8000, 'tcp'),
    free(8001, 'tcp'),
  ]);
  assert.deepEqual(portsOf({ ports: [asked], publishAll: false }, config), [asked]);
  const own = { ports: [], publishAll: true, exposedPorts: ['81', '53/udp'] };
  assert.deepEqual(portsOf(own, image({}).config), [free(81, 'tcp'), free(53, 'udp')]);
  const all = ['80/tcp', '53/udp', '8000/tcp', '8001/tcp', '9/sctp', '81/tcp'];
  assert.deepEqual(exposedPortsOf(own, config), all);
  for (const entry of ['0', '70000', 'http', '9-8', '80/icmp'])
    assert.throws(() => exposedPortsOf({ exposedPorts: [entry] }, config), { code: 'invalid-argument' });
  assert.throws(() => portsOf({ ports: [{ ...asked, hostPort: 65_536 }], publishAll: false }, config), {
    code: 'invalid-argument',
  });
  assert.throws(() => portsOf({ ports: [{ ...asked, containerPort: 0 }], publishAll: false }, config), {
    code: 'invalid-argument',
  });
});
