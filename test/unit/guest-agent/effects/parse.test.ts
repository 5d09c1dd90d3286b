import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlatKeyed, parseNestedKeyed, parsePressure } from '../../../../guest-agent/effects/linux/cgroups.ts';
import { formatAddress } from '../../../../guest-agent/effects/linux/interfaces.ts';
import { parseAttributes, parseMessages } from '../../../../guest-agent/effects/linux/netlink.ts';
import { parseIdMap, parseMountInfo, parseStatus } from '../../../../guest-agent/effects/linux/proc.ts';

test('a line of mountinfo with and without optional tags, octal escapes undone', () => {
  const text =
    '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n' +
    '40 36 0:41 / /proc rw - proc proc rw\n';
  assert.deepEqual(parseMountInfo(text), [
    {
      ...{ id: 36, parent: 35, root: '/mnt1', target: '/mnt 2', options: 'rw,noatime' },
      ...{ type: 'ext3', source: '/dev/root', superOptions: 'rw,errors=continue' },
    },
    {
      ...{ id: 40, parent: 36, root: '/', target: '/proc', options: 'rw' },
      ...{ type: 'proc', source: 'proc', superOptions: 'rw' },
    },
  ]);
});

test('status: ids are the effective ones, capability sets are masks', () => {
  const text =
    'Name:\tsh\nState:\tS (sleeping)\nPPid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t812\t1\n' +
    'CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t000001ffffffffff\n' +
    'CapAmb:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t2\n';
  assert.deepEqual(parseStatus(text), {
    ...{ name: 'sh', state: 'S', ppid: 7, nsPids: [812, 1], uid: 2, gid: 6, noNewPrivileges: true, seccomp: 2 },
    capabilities: {
      ...{ inheritable: 0n, permitted: 0xa80425fbn, effective: 0xa80425fbn },
      ...{ bounding: 0x1ffffffffffn, ambient: 1n },
    },
  });
});

test('id maps: one extent a line', () => {
  assert.deepEqual(parseIdMap('         0     100000      65536\n     65536          0          1\n'), [
    { inside: 0, outside: 100_000, count: 65_536 },
    { inside: 65_536, outside: 0, count: 1 },
  ]);
});

test('cgroup files: flat, nested and pressure', () => {
  assert.deepEqual(parseFlatKeyed('usage_usec 12\nuser_usec 5\n'), { usage_usec: 12, user_usec: 5 });
  assert.deepEqual(parseNestedKeyed('254:0 rbytes=1 wbytes=2\n7:0 \n'), {
    '254:0': { rbytes: 1, wbytes: 2 },
    '7:0': {},
  });
  const line = 'avg10=1.50 avg60=0.25 avg300=0.00 total=123';
  const pressure = { avg10: 1.5, avg60: 0.25, avg300: 0, total: 123 };
  assert.deepEqual(parsePressure(`some ${line}\n`), { some: pressure });
  assert.deepEqual(parsePressure(`some ${line}\nfull ${line}\n`), { some: pressure, full: pressure });
});

test('netlink messages and attributes are padded to four bytes, and cut ones are left out', () => {
  const attributes = Buffer.from('0500010078000000' + '0800020001020304' + 'ff00', 'hex');
  assert.deepEqual(
    [...parseAttributes(attributes)].map(([type, value]) => [type, value.toString('hex')]),
    [
      [1, '78'],
      [2, '01020304'],
    ],
  );
  const message = Buffer.alloc(40);
  message.writeUInt32LE(18, 0);
  message.writeUInt16LE(16, 4);
  message.writeUInt32LE(100, 20);
  const found = parseMessages(message);
  assert.deepEqual(
    found.map(({ type, payload }) => [type, payload.length]),
    [[16, 2]],
  );
});

test('addresses as text', () => {
  assert.equal(formatAddress(Buffer.of(172, 20, 0, 2)), '172.20.0.2');
  assert.equal(formatAddress(Buffer.from('fd000000000000000000000000000001', 'hex')), 'fd00::1');
});
