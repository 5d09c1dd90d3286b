import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../../../app/base/error.ts';
import { binarySize, decimalSize, parseBytes, parseBytesOrUnlimited } from '../../../../../app/cli/flags/bytes.ts';
import { parseCsv } from '../../../../../app/cli/flags/csv.ts';
import { parseDetachKeys } from '../../../../../app/cli/flags/detach-keys.ts';
import {
  parseDevice,
  parseDeviceRule,
  parseThrottleBytes,
  parseThrottleOperations,
} from '../../../../../app/cli/flags/devices.ts';
import { parseEnv, parseEnvFile, parseLabel, parseLabelFile } from '../../../../../app/cli/flags/env.ts';
import { parseDns, parseExtraHost, parseMac, parsePlatform } from '../../../../../app/cli/flags/hosts.ts';
import { parseSysctl, parseUlimit } from '../../../../../app/cli/flags/limits.ts';
import { checkLogDriver, parseLogOptions } from '../../../../../app/cli/flags/log-options.ts';
import { parseNamespaces } from '../../../../../app/cli/flags/namespaces.ts';
import { parseCpus, parseInteger } from '../../../../../app/cli/flags/numbers.ts';
import { parseCapabilities, parseSecurityOptions } from '../../../../../app/cli/flags/security.ts';
import { parseSignal } from '../../../../../app/cli/flags/signals.ts';
import { parseDuration, parseTime } from '../../../../../app/cli/flags/time.ts';

/** Rows of input and expected value; a RegExp stands for a refusal whose message matches. */
function table(name: string, parse: (text: string) => unknown, rows: readonly (readonly [string, unknown])[]): void {
  describe(name, () => {
    for (const [text, wanted] of rows)
      it(JSON.stringify(text), () => {
        if (!(wanted instanceof RegExp)) {
          assert.deepEqual(parse(text), wanted);
          return;
        }
        assert.throws(
          () => parse(text),
          (error) => {
            assert(error instanceof EngineError);
            assert.match(error.message, wanted);
            assert.equal(error.data?.['cliExit'], 125);
            assert.notEqual(error.hint ?? '', '');
            return true;
          },
        );
      });
  });
}

table('parseBytes', (text) => parseBytes(text, '--memory'), [
  ['0', 0],
  ['512', 512],
  ['512b', 512],
  ['1k', 1024],
  ['64m', 67108864],
  ['64MB', 67108864],
  ['64MiB', 67108864],
  ['1.5g', 1610612736],
  ['2T', 2199023255552],
  ['12zz', /"12zz" for --memory: it is not a size/],
  ['', /not a size/],
  ['-1', /not a size/],
  ['m', /not a size/],
  ['1e3', /not a size/],
  ['99999999999p', /not a size/],
]);
table('parseBytesOrUnlimited', (text) => parseBytesOrUnlimited(text, '--memory-swap'), [
  ['-1', -1],
  ['1g', 1073741824],
  ['-2', /not a size/],
]);
table('decimalSize', (text) => decimalSize(Number(text)), [
  ['0', '0B'],
  ['999', '999B'],
  ['4269000', '4.27MB'],
  ['1000', '1kB'],
  ['1234567890', '1.23GB'],
]);
table('binarySize', (text) => binarySize(Number(text)), [
  ['0', '0B'],
  ['1024', '1KiB'],
  ['536870912', '512MiB'],
  ['1610612736', '1.5GiB'],
]);
table('parseCpus', parseCpus, [
  ['1', 1_000_000_000],
  ['1.5', 1_500_000_000],
  ['.5', 500_000_000],
  ['0.000000001', 1],
  ['0.0000000001', /not a number of CPUs/],
  ['-1', /not a number of CPUs/],
  ['two', /not a number of CPUs/],
  ['.', /not a number of CPUs/],
]);
table('parseInteger', (text) => parseInteger(text, '--n', { from: -1, to: 10 }), [
  ['-1', -1],
  ['+3', 3],
  ['11', /out of range/],
  ['-2', /out of range/],
  ['1.5', /not a whole number/],
  ['', /not a whole number/],
]);
table('parseEnv', (text) => parseEnv(text, { HOME: '/root', EMPTY: '' }), [
  ['A=1', 'A=1'],
  ['A=', 'A='],
  ['A=b=c', 'A=b=c'],
  ['HOME', 'HOME=/root'],
  ['EMPTY', 'EMPTY='],
  ['MISSING', 'MISSING'],
  ['', /name is empty/],
  ['=x', /name is empty/],
]);
table('parseEnvFile', (text) => parseEnvFile(text, { HOME: '/root' }, 'vars'), [
  ['A=1\n# no\n\n  B=2 # yes\nHOME\nGONE\n', ['A=1', 'B=2 # yes', 'HOME=/root']],
  ['\ufeffA=1\r\nB="x"\r\n', ['A=1', 'B="x"']],
  ['A=1\nB C=2\n', /line 2 of vars/],
  ['=x', /line 1 of vars/],
]);
table('parseLabel', (text) => parseLabel(text), [
  ['a=b', ['a', 'b']],
  ['a', ['a', '']],
  ['a=b=c', ['a', 'b=c']],
  ['=b', /key is empty/],
]);
table('parseLabelFile', (text) => parseLabelFile(text), [
  [
    '# x\na=1\n\nb\n',
    [
      ['a', '1'],
      ['b', ''],
    ],
  ],
]);
table('parseUlimit', (text) => parseUlimit(text), [
  ['nofile=1024:2048', { name: 'nofile', soft: 1024, hard: 2048 }],
  ['nproc=5', { name: 'nproc', soft: 5, hard: 5 }],
  ['memlock=-1', { name: 'memlock', soft: -1, hard: -1 }],
  ['nofile=10:-1', { name: 'nofile', soft: 10, hard: -1 }],
  ['nofile=2:1', /soft limit is above/],
  ['nofile=-1:1', /soft limit is above/],
  ['files=1', /no limit files/],
  ['nofile', /cannot be read/],
]);
table('parseSysctl', (text) => parseSysctl(text), [
  ['net.core.somaxconn=1024', ['net.core.somaxconn', '1024']],
  ['net/ipv4/ip_forward=1', ['net/ipv4/ip_forward', '1']],
  ['../x=1', /cannot be read/],
  ['a', /cannot be read/],
]);
table('parseDevice', (text) => parseDevice(text), [
  ['/dev/fuse', { pathInGuest: '/dev/fuse', pathInContainer: '/dev/fuse', permissions: 'rwm' }],
  ['/dev/a:/dev/b', { pathInGuest: '/dev/a', pathInContainer: '/dev/b', permissions: 'rwm' }],
  ['/dev/a:r', { pathInGuest: '/dev/a', pathInContainer: '/dev/a', permissions: 'r' }],
  ['/dev/a:/dev/b:rw', { pathInGuest: '/dev/a', pathInContainer: '/dev/b', permissions: 'rw' }],
  ['/dev/a:/dev/b:rr', /cannot be read/],
  ['fuse', /cannot be read/],
  ['/dev/../etc:/x', /cannot be read/],
]);
table('parseDeviceRule', (text) => parseDeviceRule(text), [
  ['c 189:* rwm', 'c 189:* rwm'],
  ['a *:* r', 'a *:* r'],
  ['c 189 r', /cannot be read/],
  ['c 1:3 rwx', /cannot be read/],
  ['', /cannot be read/],
]);
table('parseThrottleBytes', (text) => parseThrottleBytes(text, '--device-read-bps'), [
  ['/dev/vda:1mb', { device: '/dev/vda', rate: 1048576 }],
  ['/dev/vda', /cannot be read/],
  ['vda:1', /cannot be read/],
  ['/dev/vda:x', /not a size/],
]);
table('parseThrottleOperations', (text) => parseThrottleOperations(text, '--device-read-iops'), [
  ['/dev/vda:100', { device: '/dev/vda', rate: 100 }],
  ['/dev/vda:1mb', /not a whole number/],
]);
table('parseCapabilities', (text) => parseCapabilities([text], '--cap-add'), [
  ['net_admin', ['NET_ADMIN']],
  ['CAP_SYS_PTRACE', ['SYS_PTRACE']],
  ['all', ['ALL']],
  ['net_admin,net_admin,chown', ['NET_ADMIN', 'CHOWN']],
  ['NET_ADMN', /no such capability/],
]);
const profile = (path: string): unknown => ({ path });
table('parseSecurityOptions', (text) => parseSecurityOptions(text.split(' '), profile), [
  ['no-new-privileges', { noNewPrivileges: true, seccomp: { kind: 'default' }, systemPathsUnconfined: false }],
  [
    'no-new-privileges:true seccomp=unconfined systempaths=unconfined',
    { noNewPrivileges: true, seccomp: { kind: 'unconfined' }, systemPathsUnconfined: true },
  ],
  [
    'seccomp=p.json apparmor=unconfined label=disable',
    { noNewPrivileges: false, seccomp: { kind: 'profile', profile: { path: 'p.json' } }, systemPathsUnconfined: false },
  ],
  ['seccomp=', /not an option here/],
  ['apparmor=docker-default', /not an option here/],
  ['nonsense', /not an option here/],
]);
table('parseNamespaces', (text) => parseNamespaces(JSON.parse(text) as object), [
  ['{}', { user: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'bridge' }],
  [
    '{"userns":"host","pid":"container:a","ipc":"shareable","uts":"host","cgroupns":"host","network":"none"}',
    { user: 'host', pid: 'container:a', ipc: 'shareable', uts: 'host', cgroup: 'host', network: 'none' },
  ],
  [
    '{"network":"default"}',
    { user: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'bridge' },
  ],
  ['{"pid":"container:"}', /container is missing/],
  ['{"pid":"guest"}', /for --pid: it is not a mode/],
  ['{"userns":"auto"}', /for --userns/],
  ['{"network":"a b"}', /not a network/],
]);
table('parseLogOptions', (text) => parseLogOptions(text === '' ? [] : text.split(' ')), [
  ['', undefined],
  ['max-size=1m', { maxBytes: 1048576, maxFiles: 4 }],
  ['max-file=10', { maxBytes: 16777216, maxFiles: 10 }],
  ['max-size=1m max-file=5', { maxBytes: 1048576, maxFiles: 5 }],
  ['max-file=0', /out of range/],
  ['mode=blocking', /not an option of the log/],
]);
table('checkLogDriver', (text) => checkLogDriver(text), [
  ['json-file', undefined],
  ['local', undefined],
  ['syslog', /no such log driver/],
]);
table('parseDetachKeys', (text) => [...parseDetachKeys(text)], [
  ['ctrl-p,ctrl-q', [16, 17]],
  ['a,ctrl-@', [97, 0]],
  ['ctrl-[', [27]],
  ['', []],
  ['ctrl-1', /not a key/],
  ['ctrl-p,', /not a key/],
]);
table('parseSignal', (text) => parseSignal(text), [
  ['9', 'SIGKILL'],
  ['kill', 'SIGKILL'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGWINCH', 'SIGWINCH'],
  ['SIGRTMIN+3', '37'],
  ['RTMAX', '64'],
  ['0', /no such signal/],
  ['65', /no such signal/],
  ['SIGFOO', /no such signal/],
]);
const now = Date.parse('2026-01-02T00:00:00Z');
table('parseTime', (text) => parseTime(text, now, '--since'), [
  ['10m', String((BigInt(now) - 600_000n) * 1_000_000n)],
  ['1h30m', String((BigInt(now) - 5_400_000n) * 1_000_000n)],
  ['1700000000', '1700000000000000000'],
  ['1700000000.5', '1700000000500000000'],
  ['2026-01-01T00:00:00Z', '1767225600000000000'],
  ['2026-01-01T00:00:00.123456789Z', '1767225600123456789'],
  ['2026-01-01T01:00:00+01:00', '1767225600000000000'],
  ['2026-01-01Z', '1767225600000000000'],
  ['yesterday', /not a time/],
  ['2026-13-01', /not a time/],
  ['', /not a time/],
]);
table('parseDuration', (text) => parseDuration(text), [
  ['1.5s', 1_500_000_000n],
  ['2ms', 2_000_000n],
  ['5', undefined],
]);
table('parseExtraHost', (text) => parseExtraHost(text), [
  ['db:10.0.0.2', 'db:10.0.0.2'],
  ['db=10.0.0.2', 'db:10.0.0.2'],
  ['db:::1', 'db:::1'],
  ['db=[::1]', 'db:::1'],
  ['me:host-gateway', 'me:host-gateway'],
  ['db', /cannot be read/],
  ['db:nowhere', /cannot be read/],
]);
table('parseDns', (text) => parseDns(text), [
  ['1.1.1.1', '1.1.1.1'],
  ['2606:4700::1', '2606:4700::1'],
  ['1.1.1', /not an IP address/],
  ['300.1.1.1', /not an IP address/],
]);
table('parseMac', (text) => parseMac(text), [
  ['02:42:AC:11:00:02', '02:42:ac:11:00:02'],
  ['02:42', /not a hardware address/],
]);
table('parsePlatform', (text) => parsePlatform(text), [
  ['linux/amd64', 'linux/amd64'],
  ['arm64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['x86_64', 'linux/amd64'],
  ['windows/amd64', /not a platform/],
]);
table('parseCsv', (text) => parseCsv(text, '--mount'), [
  ['a,b', ['a', 'b']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a""b"', ['a"b']],
  ['', ['']],
  ['a,', ['a', '']],
  ['"a', /quotes do not match/],
]);
