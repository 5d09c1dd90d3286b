import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EngineState } from '../../../../../app/contract/index.ts';
import { explainPort, type PortFacts, type Publisher } from '../../../../../app/services/explain/port-plan.ts';
import type { PortWay } from '../../../../../guest-agent/protocol/index.ts';

const engine: EngineState = {
  ...{ status: 'running', accelerator: 'tcg', pid: 1, bootMs: 1, startedAt: '', kernel: '', agentVersion: '' },
  ...{ agentLost: false, warnings: [] },
};
const nginx = { address: '0.0.0.0', port: 80, pid: 77, command: 'nginx' };
const way: PortWay = { rule: { address: '172.30.0.2', port: 80 }, listeners: [nginx], reached: 'accepted' };
const by = 'by the hypervisor’s own forwarding';
const web: Publisher = {
  ...{ container: 'web', containerPort: 80, guestPort: 20_000, address: '172.30.0.2', way },
  state: { status: 'running', pid: 77, startedAt: '1' },
  open: [{ address: '127.0.0.1:8080', by, answers: true }],
};
const idle: Publisher = { ...web, open: [], guestPort: undefined, way: undefined, address: undefined };
const facts: PortFacts = {
  ...{ port: 8080, protocol: 'tcp', machine: 'default', engine, publisher: web },
  holder: { text: 'the engine (process 9)', ours: true },
};
const other = { text: 'python3 (process 5)', ours: false };
const none: PortFacts = { ...facts, publisher: undefined, holder: undefined };
const withWay = (change: Partial<PortWay>): PortFacts => ({
  ...facts,
  publisher: { ...web, way: { ...way, ...change } },
});
const ended = { status: 'exited', exitCode: 3, oomKilled: false, startedAt: '1', finishedAt: '2' } as const;

/** What is looked at → the broken step, its words, its fix. */
const table: readonly [string, PortFacts, string, RegExp, RegExp][] = [
  [
    'the machine is stopped',
    { ...none, engine: { status: 'stopped' } },
    'machine',
    /machine default is stopped/,
    /^berth start$/,
  ],
  [
    'the machine failed',
    { ...none, engine: { status: 'failed', stage: 'vm', code: 'x', message: 'no KVM', hint: 'try TCG' } },
    'machine',
    /failed: no KVM/,
    /try TCG/,
  ],
  [
    'the agent does not answer',
    { ...none, engine: { ...engine, agentLost: true } },
    'machine',
    /does not answer/,
    /berth restart/,
  ],
  [
    'nothing is published',
    none,
    'host listener',
    /no container publishes port 8080\/tcp of this host$/,
    /-p 8080:PORT IMAGE/,
  ],
  [
    'nothing is published, another program is there',
    { ...none, holder: other },
    'host listener',
    /; python3 \(process 5\) listens there/,
    /-p 8080:PORT/,
  ],
  ['nothing is published, UDP', { ...none, protocol: 'udp' }, 'host listener', /8080\/udp/, /-p 8080:PORT\/udp/],
  [
    'another program holds the port',
    { ...facts, holder: other, publisher: { ...web, open: [] } },
    'host listener',
    /python3 \(process 5\) holds port 8080/,
    /stop that program.*berth restart web/,
  ],
  [
    'another program has it while the container is stopped',
    { ...none, holder: other, publisher: { ...idle, state: ended } },
    'host listener',
    /holds port 8080/,
    /stop that program/,
  ],
  [
    'the listener is not open',
    { ...none, publisher: { ...web, open: [] } },
    'host listener',
    /nothing listens on port 8080/,
    /berth restart web/,
  ],
  [
    'the listener could not be opened',
    { ...none, publisher: { ...web, open: [], failure: 'no such address' } },
    'host listener',
    /no such address/,
    /berth restart web/,
  ],
  [
    'the listener is deaf',
    { ...none, publisher: { ...web, open: [{ address: '127.0.0.1:8080', by, answers: false }] } },
    'host listener',
    /nothing listens on 127\.0\.0\.1:8080/,
    /berth restart web/,
  ],
  [
    'the rule is missing',
    { ...facts, publisher: { ...web, way: { listeners: [nginx], reached: 'accepted' } } },
    'guest rule',
    /no rule of the packet filter leads port 20000 on/,
    /berth restart web/,
  ],
  [
    'the rule leads elsewhere',
    withWay({ rule: { address: '172.30.0.9', port: 80 } }),
    'guest rule',
    /led to 172\.30\.0\.9:80, where web is not/,
    /berth restart web/,
  ],
  [
    'never started',
    { ...none, publisher: { ...idle, state: { status: 'created' } } },
    'container',
    /web was never started/,
    /berth start web/,
  ],
  [
    'ended',
    { ...none, publisher: { ...idle, state: ended } },
    'container',
    /web has ended: code 3$/,
    /berth start web.*berth logs web/,
  ],
  [
    'ended for lack of memory',
    { ...none, publisher: { ...idle, state: { ...ended, oomKilled: true } } },
    'container',
    /code 3, out of memory/,
    /berth start web/,
  ],
  [
    'paused',
    { ...facts, publisher: { ...web, state: { status: 'paused', pid: 77, startedAt: '1' } } },
    'container',
    /web is paused/,
    /berth unpause web/,
  ],
  [
    'nothing listens',
    withWay({ listeners: [], reached: 'refused' }),
    'process',
    /nothing in web listens on port 80\/tcp$/,
    /berth logs web/,
  ],
  [
    'it listens on another port',
    withWay({ listeners: [{ ...nginx, port: 3000 }], reached: 'refused' }),
    'process',
    /; nginx \(pid 77 in the guest\) listens on 0\.0\.0\.0:3000/,
    /-p HOSTPORT:3000.*listen on 80/,
  ],
  [
    'on loopback alone',
    withWay({ listeners: [{ ...nginx, address: '127.0.0.1' }], reached: 'refused' }),
    'process',
    /listens on 127\.0\.0\.1:80 only/,
    /0\.0\.0\.0/,
  ],
  [
    'on loopback of IPv6 alone',
    withWay({ listeners: [{ ...nginx, address: '::1' }], reached: 'refused' }),
    'process',
    /listens on \[::1\]:80 only/,
    /0\.0\.0\.0/,
  ],
  [
    'on an address of another network',
    withWay({ listeners: [{ ...nginx, address: '10.7.0.2' }], reached: 'refused' }),
    'process',
    /not on the address to which the port leads/,
    /0\.0\.0\.0/,
  ],
  [
    'of IPv6 alone, on a network without it',
    withWay({ listeners: [{ ...nginx, address: '::' }], reached: 'refused' }),
    'process',
    /listens on \[::\]:80, on IPv6 alone, and the container has no address of that$/,
    /0\.0\.0\.0.*--ipv6/,
  ],
  [
    'of IPv6 alone, open on both loopback addresses',
    {
      ...facts,
      publisher: {
        ...web,
        open: [...web.open, { address: '[::1]:8080', by, answers: true }],
        way: { ...way, listeners: [{ ...nginx, address: 'fd00::2' }], reached: 'refused', reachedByIpv6: 'accepted' },
      },
    },
    'process',
    /listens on \[fd00::2\]:80, on IPv6 alone: IPv4 is refused$/,
    /^use \[::1\]:8080, or let .*0\.0\.0\.0/,
  ],
  [
    'refused, though it listens on all addresses',
    withWay({ reached: 'refused' }),
    'process',
    /but connections are refused/,
    /berth restart web/,
  ],
  ['silent', withWay({ reached: 'silent' }), 'process', /takes no connection/, /berth logs web/],
];

describe('the broken step, and its fix', () => {
  for (const [what, given, hop, detail, fix] of table)
    test(what, () => {
      const { works, verdict, hops } = explainPort(given);
      const first = hops.find(({ status }) => status === 'broken');
      assert.equal(works, false);
      assert.equal(first?.name, hop);
      assert.equal(first.detail, verdict);
      assert.match(first.detail, detail);
      assert.match(first.fix, fix);
      for (const one of hops) assert.equal(one.fix !== '', one.status === 'broken', one.name);
    });
});

test('IPv6 alone is enough for a port that is open on IPv6 alone', () => {
  const six: PortWay = {
    ...way,
    ...{ listeners: [{ ...nginx, address: '::' }], reached: 'refused', reachedByIpv6: 'accepted' },
  };
  const open = [{ address: '[::1]:8080', by, answers: true }];
  const { works, hops } = explainPort({ ...facts, publisher: { ...web, open, way: six } });
  assert.equal(works, true);
  assert.match(hops.at(-1)?.detail ?? '', /on IPv6 alone$/);
});

test('all steps of one that works', () => {
  const { works, verdict, hops } = explainPort(facts);
  assert.deepEqual([works, verdict], [true, 'port 8080 of this host leads to web, and is answered there']);
  assert.deepEqual(
    hops.map(({ name, status, detail }) => [name, status, detail]),
    [
      ['host listener', 'ok', '127.0.0.1:8080, held by the engine (process 9)'],
      ['boundary', 'ok', 'to port 20000 of the guest by the hypervisor’s own forwarding'],
      ['guest rule', 'ok', 'port 20000 is led to 172.30.0.2:80'],
      ['container', 'ok', 'web runs at 172.30.0.2, and publishes its port 80'],
      ['process', 'ok', 'in web nginx (pid 77 in the guest) listens on 0.0.0.0:80'],
    ],
  );
});

test('sockets that take what comes: on all addresses, on its own, a mapped one; UDP without a trial', () => {
  for (const address of ['0.0.0.0', '::', '172.30.0.2', '::ffff:172.30.0.2'])
    assert.ok(explainPort(withWay({ listeners: [{ ...nginx, address }] })).works, address);
  assert.ok(explainPort({ ...withWay({ reached: 'untried' }), protocol: 'udp' }).works);
  assert.match(
    explainPort(withWay({ listeners: [{ address: '::', port: 80 }] })).hops[4]?.detail ?? '',
    /a program listens on \[::\]:80/,
  );
});

test('what lies behind a container that does not run is not known', () => {
  const { hops } = explainPort({ ...none, publisher: { ...idle, state: { status: 'created' } } });
  assert.deepEqual(
    hops.map(({ status }) => status),
    ['unknown', 'unknown', 'unknown', 'broken', 'unknown'],
  );
});
