/** Signals, capabilities, limits, environment, sysctls, hosts: the small tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  boundingSet,
  capabilitiesOf,
  capabilityMask,
  capabilityNames,
} from '../../../../guest-agent/plan/capability.ts';
import { environment, searchPath } from '../../../../guest-agent/plan/environment.ts';
import { describeOp } from '../../../../guest-agent/plan/explain.ts';
import { hostsText, resolvConfText } from '../../../../guest-agent/plan/hosts-file.ts';
import { rlimitOps } from '../../../../guest-agent/plan/rlimit.ts';
import { signalName, signalNumber } from '../../../../guest-agent/plan/signal.ts';
import { sysctlOps } from '../../../../guest-agent/plan/sysctl.ts';
import { fromUtf8, utf8 } from '../../../../guest-agent/plan/utf8.ts';

test('signals by name and number', () => {
  const table: [string, number][] = [
    ...([
      ['SIGTERM', 15],
      ['term', 15],
      ['9', 9],
      ['KILL', 9],
      ['SIGCHLD', 17],
      ['CLD', 17],
      ['SYS', 31],
    ] as [string, number][]),
    ...([
      ['RTMIN', 34],
      ['SIGRTMIN+3', 37],
      ['RTMAX', 64],
      ['SIGRTMAX-1', 63],
    ] as [string, number][]),
  ];
  for (const [name, number] of table) assert.equal(signalNumber(name), number, name);
  for (const bad of ['', 'SIGFOO', '0', '65', '-1', 'RTMIN+31', 'RTMAX-31', '9x'])
    assert.throws(() => signalNumber(bad), { code: 'invalid-argument' }, bad);
  for (let number = 1; number <= 64; number++)
    if (number < 32 || number > 33) assert.equal(signalNumber(signalName(number)), number);
});

test('capabilities: Docker’s default mask, add, drop, ALL, privileged', () => {
  const mask = (capAdd: string[], capDrop: string[], privileged = false) =>
    capabilityMask(boundingSet({ capAdd, capDrop, privileged })).toString(16);
  assert.equal(mask([], []), 'a80425fb');
  assert.equal(mask([], ['ALL']), '0');
  assert.equal(mask(['NET_ADMIN'], ['ALL']), '1000');
  assert.equal(mask(['cap_net_admin'], ['CHOWN']), 'a80435fa');
  assert.equal(mask(['ALL'], []), '1ffffffffff');
  assert.equal(mask(['ALL'], ['SYS_ADMIN']), '1ffffdfffff');
  assert.equal(mask([], ['CHOWN'], true), '1ffffffffff');
  assert.throws(() => mask(['NOPE'], []), { code: 'invalid-argument', message: /"NOPE"/ });
  assert.deepEqual(capabilitiesOf(capabilityMask(capabilityNames)), [...capabilityNames]);
  assert.deepEqual(capabilitiesOf(1n << 50n), ['50']);
});

test('limits are lifted first and set last', () => {
  const { before, inside } = rlimitOps([
    { name: 'nofile', soft: 10, hard: 20 },
    { name: 'core', soft: 0, hard: -1 },
  ]);
  assert.deepEqual(before.map(describeOp), [
    'prlimit(RLIMIT_NOFILE, 1048576, 1048576)',
    'prlimit(RLIMIT_CORE, unlimited, unlimited)',
  ]);
  assert.deepEqual(inside.map(describeOp), ['prlimit(RLIMIT_NOFILE, 10, 20)', 'prlimit(RLIMIT_CORE, 0, unlimited)']);
  assert.throws(() => rlimitOps([{ name: 'nofile', soft: 21, hard: 20 }]), { code: 'invalid-argument' });
  assert.throws(() => rlimitOps([{ name: 'nofiles', soft: 1, hard: 1 }]), { message: /unknown limit "nofiles"/ });
});

test('environment: what is missing is added, of doubles the last counts', () => {
  const env = environment({
    env: ['A=1', 'A=2', 'HOME=/x', 'B=a=b', 'C=1', 'C'],
    hostname: 'h',
    home: '/root',
    tty: true,
  });
  assert.deepEqual(env.slice(1), ['HOSTNAME=h', 'TERM=xterm', 'HOME=/x', 'A=2', 'B=a=b']);
  assert.deepEqual(searchPath(['PATH=/a::/b']), ['/a', '.', '/b']);
  assert.equal(searchPath(env).length, 6);
});

test('sysctls: only those of namespaces that the container has', () => {
  const own = { network: true, ipc: true };
  const words = sysctlOps({ 'net.ipv4.conf.eth0/1.rp_filter': '1', 'kernel.shmmax': '9' }, own, 65_535).map(describeOp);
  assert.deepEqual(words, [
    'write "0 65535" to /proc/sys/net/ipv4/ping_group_range',
    'write "0" to /proc/sys/net/ipv4/ip_unprivileged_port_start',
    'write "1" to /proc/sys/net/ipv4/conf/eth0.1/rp_filter',
    'write "9" to /proc/sys/kernel/shmmax',
  ]);
  assert.deepEqual(sysctlOps({}, { network: false, ipc: true }, 1), []);
  const code = 'invalid-argument';
  for (const bad of ['kernel.panic', 'vm.swappiness', 'net...', 'net.ipv4./../../kernel.panic', 'net. x'])
    assert.throws(() => sysctlOps({ [bad]: '1' }, own, 1), { code }, bad);
  assert.throws(() => sysctlOps({ 'net.core.somaxconn': '1' }, { network: false, ipc: true }, 1), {
    code,
    message: /network/,
  });
});

test('hosts and resolv.conf', () => {
  const text = hostsText({
    ...{ hostname: 'web', domainname: 'lan', addresses: ['10.0.0.2'], gateway: () => '10.0.0.1' },
    links: [{ address: '10.0.0.3', names: ['cache', 'abc'] }],
    extraHosts: ['db:10.0.0.9', 'host.docker.internal:host-gateway', 'six:fe80::1'],
  });
  assert.deepEqual(text.split('\n').slice(6), [
    ...[
      '10.0.0.9\tdb',
      '10.0.0.1\thost.docker.internal',
      'fe80::1\tsix',
      '10.0.0.3\tcache abc',
      '10.0.0.2\tweb.lan web',
      '',
    ],
  ]);
  const guest = 'nameserver 1.1.1.1\nsearch lan\n';
  assert.equal(resolvConfText({ dns: [] }, guest), guest);
  assert.equal(resolvConfText({ dns: ['9.9.9.9'] }, guest), 'nameserver 9.9.9.9\nsearch lan\n');
  const own = { dns: [], dnsSearch: ['a.test', 'b.test'], dnsOptions: ['ndots:2', 'use-vc'] };
  assert.equal(resolvConfText(own, guest), 'nameserver 1.1.1.1\nsearch a.test b.test\noptions ndots:2 use-vc\n');
  assert.equal(resolvConfText({ dns: [], dnsSearch: ['.'] }, guest), 'nameserver 1.1.1.1\n');
});

test('utf8 agrees with the platform on any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.deepEqual(utf8(text), new Uint8Array(new TextEncoder().encode(text)));
      if (text.isWellFormed()) assert.equal(fromUtf8(utf8(text)), text);
    }),
  );
  assert.deepEqual([...utf8('\ud800')], [0xef, 0xbf, 0xbd]);
});
