import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerStats } from '../../../../../guest-agent/protocol/index.ts';
import { EngineError } from '../../../../../app/base/error.ts';
import { describeError } from '../../../../../app/cli/describe-error.ts';
import { exitCodeOf } from '../../../../../app/cli/exit-code.ts';
import { filterContainers, parseFilters } from '../../../../../app/cli/views/container-filter.ts';
import { containerFilterKeys } from '../../../../../app/contract/container-filter.ts';
import { imageRows, splitReference } from '../../../../../app/cli/views/image-row.ts';
import { describePorts } from '../../../../../app/cli/views/ports.ts';
import { cpuPercent, statsRow } from '../../../../../app/cli/views/stats-row.ts';
import { goTime } from '../../../../../app/cli/views/times.ts';
import { humanDuration, rfc3339, statusWords } from '../../../../../app/contract/times.ts';
import { containerInfo } from '../../../../support/container-info.ts';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

describe('times', () => {
  const spans: [number, string][] = [
    [-5, 'Less than a second'],
    [999, 'Less than a second'],
    [second, '1 second'],
    [59 * second, '59 seconds'],
    [60 * second, 'About a minute'],
    [120 * second, '2 minutes'],
    [hour, 'About an hour'],
    [47 * hour, '47 hours'],
    [48 * hour, '2 days'],
    [14 * day, '2 weeks'],
    [60 * day, '2 months'],
    [730 * day, '2 years'],
  ];
  for (const [span, words] of spans) it(`${span} ms`, () => assert.equal(humanDuration(span), words));
  it('keeps nanoseconds', () => assert.equal(rfc3339('1767225600123456789'), '2026-01-01T00:00:00.123456789Z'));
  it("uses Go's zero time for none", () => assert.equal(rfc3339(''), '0001-01-01T00:00:00Z'));
  it('goTime', () => assert.equal(goTime(0), '1970-01-01 00:00:00 +0000 UTC'));
});

describe('statusWords', () => {
  const now = 1_000_000;
  const nano = (ms: number): string => `${ms}000000`;
  it('paused', () => {
    const state = { status: 'paused' as const, pid: 1, startedAt: nano(now - 5000) };
    assert.equal(statusWords({ state }, now), 'Up 5 seconds (Paused)');
  });
  it('created', () => assert.equal(statusWords({ state: { status: 'created' } }, now), 'Created'));
});

describe('filterContainers', () => {
  const all = ['web', 'web2', 'db'].map((name, index) => ({
    ...containerInfo(name, { labels: index === 0 ? { app: 'shop', old: '' } : {} }),
    createdAt: String(index + 1),
  }));
  const facts = { images: new Map([['busybox', 'sha256:1']]), networks: [], ports: new Map() };
  const table: [string[], string[]][] = [
    [[], ['web', 'web2', 'db']],
    [['name=web'], ['web', 'web2']],
    [
      ['name=^web$', 'name=db'],
      ['web', 'db'],
    ],
    [['label=app'], ['web']],
    [['label=app=shop', 'label=old'], ['web']],
    [['label=app', 'name=db'], []],
    [['status=created', 'name=('], []],
    [['before=web2'], ['web']],
    [['since=web'], ['web2', 'db']],
    [['ancestor=busybox'], ['web', 'web2', 'db']],
    [['ancestor=alpine'], []],
    [['network=bridge', 'id=db'], ['db']],
  ];
  for (const [filters, names] of table)
    it(filters.join(' '), () => {
      const found = filterContainers(all, parseFilters(filters, containerFilterKeys), facts);
      assert.deepEqual(
        found.map(({ name }) => name),
        names,
      );
    });
  it('knows the states', () => {
    const filters = parseFilters(['status=dead'], containerFilterKeys);
    assert.throws(() => filterContainers(all, filters, facts), { message: /no such status/ });
  });
});

describe('images', () => {
  const table: [string, string, string][] = [
    ['busybox', 'busybox', '<none>'],
    ['busybox:1', 'busybox', '1'],
    ['host:5000/a/b:c', 'host:5000/a/b', 'c'],
    ['host:5000/a', 'host:5000/a', '<none>'],
    ['a:b@sha256:00', 'a', 'b'],
  ];
  for (const [reference, Repository, Tag] of table)
    it(reference, () => assert.deepEqual(splitReference(reference), { Repository, Tag }));
  it('has a row for each name, one for none', () => {
    const image = {
      id: 'sha256:0123456789abcdef',
      digest: 'd',
      repoDigests: [],
      platform: 'p',
      createdAt: '',
      sizeBytes: 1,
      layers: [],
      labels: {},
    };
    const rows = (references: string[]): string[] =>
      imageRows({ ...image, references }, { nowMs: 0, truncate: true }).map(
        ({ Repository, ID }) => `${Repository} ${ID}`,
      );
    assert.deepEqual(rows([]), ['<none> 0123456789ab']);
    assert.deepEqual(rows(['a:1', 'b:1']), ['a 0123456789ab', 'b 0123456789ab']);
  });
});

describe('stats', () => {
  const stats: ContainerStats = {
    ...{ id: 'a'.repeat(64), name: 'web', timeNano: '0', cpuUsageNano: 2e9, cpuUserNano: 0, cpuSystemNano: 0 },
    ...{ throttledNano: 0, systemCpuNano: 8e9, onlineCpus: 4, memoryBytes: 2 ** 20, memoryLimitBytes: 2 ** 22 },
    ...{ memoryDetail: {}, memoryEvents: {}, pids: 3, pidsLimit: 0, blockRead: 0, blockWrite: 2000, pressure: {} },
    network: { eth0: { rxBytes: 1000, txBytes: 1, rxPackets: 1, txPackets: 1 } },
  };
  it('is 100 for one CPU wholly used', () => {
    assert.equal(cpuPercent(stats, { ...stats, cpuUsageNano: 1e9, systemCpuNano: 4e9 }), 100);
  });
  it('is 0 without an earlier sample', () => assert.equal(cpuPercent(stats, undefined), 0));
  it('has words for all', () => {
    const { MemUsage, MemPerc, NetIO, BlockIO, PIDs, ID } = statsRow(stats, undefined, true);
    assert.deepEqual(
      [MemUsage, MemPerc, NetIO, BlockIO, PIDs, ID],
      ['1MiB / 4MiB', '25.00%', '1kB / 1B', '0B / 2kB', '3', 'a'.repeat(12)],
    );
  });
});

describe('describePorts', () => {
  it('puts IPv6 into brackets', () => {
    const port = { containerPort: 80, protocol: 'tcp', hostPort: 8080 };
    const ports = ['127.0.0.1', '::1'].map((hostAddress) => ({ ...port, hostAddress }));
    assert.equal(describePorts(ports), '127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp');
  });
});

describe('describeError', () => {
  const error = new EngineError('disk-full', 'The disk is full.\nReally.', {
    hint: 'Make room.',
    cause: new Error('ENOSPC'),
  });
  it('is one line elsewhere than on a terminal', () =>
    assert.equal(
      describeError(error, { terminal: false, debug: false }),
      'berth: The disk is full.; Really. — Make room.',
    ));
  it('has the hint below on a terminal', () =>
    assert.equal(
      describeError(error, { terminal: true, debug: false }),
      'berth: The disk is full.; Really.\n  hint: Make room.',
    ));
  it('tells causes for --debug', () =>
    assert.match(describeError(error, { terminal: false, debug: true }), /code: disk-full\ncaused by Error: ENOSPC/));
});

describe('exitCodeOf', () => {
  it('prefers what the command line itself says', () => {
    assert.equal(exitCodeOf(new EngineError('invalid-argument', '', { data: { cliExit: 125 } }), 1), 125);
    assert.equal(exitCodeOf(new EngineError('command-not-found', ''), 1), 127);
    assert.equal(exitCodeOf(new EngineError('port-busy', ''), 125), 125);
    assert.equal(exitCodeOf(new Error('x'), 125), 125);
  });
});
