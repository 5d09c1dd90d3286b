import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EngineState } from '../../../../../app/contract/index.ts';
import { explainName, type NameFacts } from '../../../../../app/services/explain/name-plan.ts';
import type { LookUpAnswer, NameWay } from '../../../../../guest-agent/protocol/index.ts';

const engine: EngineState = {
  ...{ status: 'running', accelerator: 'tcg', pid: 1, bootMs: 1, startedAt: '', kernel: '', agentVersion: '' },
  ...{ agentLost: false, warnings: [] },
};
const missing: LookUpAnswer = { outcome: 'no-such-name' };
const unknownToHost = { who: 'host', answers: [missing, missing] } as const;
const byHost = (...answers: LookUpAnswer[]): NameWay['beyond'] => ({ who: 'host', answers });
const embedded: NameWay = {
  ...{ hostsFile: [], servers: ['127.0.0.11'], answeredBy: 'embedded', open: true },
  beyond: byHost(missing, missing),
};
const onBridge: NameWay = { ...embedded, servers: ['10.0.2.3'], answeredBy: 'guest' };
const web = { name: 'web', runs: true, networks: ['front'] };
const db = { name: 'db', runs: true, networks: ['back'] };
const facts: NameFacts = { name: 'db', machine: 'default', engine, asker: web, way: embedded, bearers: [] };
const anybody: NameFacts = { ...facts, asker: undefined, way: onBridge };
const closed: NameWay = { ...embedded, beyond: undefined };

const table: readonly [string, NameFacts, string, RegExp, RegExp][] = [
  ['the machine is stopped', { ...facts, engine: { status: 'stopped' } }, 'machine', /is stopped/, /berth start/],
  [
    'the asker does not run',
    { ...facts, asker: { ...web, runs: false } },
    'asker',
    /web does not run/,
    /berth start web/,
  ],
  [
    'no network at all',
    { ...facts, way: { ...closed, servers: [], answeredBy: 'nobody', open: false } },
    'name server',
    /on no network/,
    /--network NETWORK/,
  ],
  [
    'the embedded name server is gone',
    { ...facts, way: { ...embedded, open: false } },
    'name server',
    /127\.0\.0\.11 does not listen/,
    /berth restart web/,
  ],
  [
    'the guest’s name server is gone',
    { ...anybody, way: { ...onBridge, open: false } },
    'name server',
    /in the guest does not listen/,
    /berth restart/,
  ],
  [
    'a container of another network',
    { ...facts, bearers: [db] },
    'names of containers',
    /db is a container on the network back, which web is not on/,
    /^berth network connect back web$/,
  ],
  [
    'a container that does not run',
    { ...facts, bearers: [{ ...db, runs: false }] },
    'names of containers',
    /does not run/,
    /berth start db/,
  ],
  [
    'an alias of a container elsewhere',
    { ...facts, name: 'store', bearers: [db] },
    'names of containers',
    /store is the container db/,
    /connect back web/,
  ],
  [
    'both on the default bridge',
    { ...facts, asker: { ...web, networks: ['bridge'] }, way: onBridge, bearers: [{ ...db, networks: ['bridge'] }] },
    'names of containers',
    /the default bridge has no names/,
    /berth network create NETWORK; berth network connect NETWORK db; berth network connect NETWORK web/,
  ],
  [
    'from a network to the default bridge',
    { ...facts, bearers: [{ ...db, networks: ['bridge'] }] },
    'names of containers',
    /the default bridge has no names/,
    /^berth network connect front db$/,
  ],
  [
    'from the default bridge to a network',
    { ...anybody, bearers: [db] },
    'names of containers',
    /asker is on none with names/,
    /berth network connect back CONTAINER/,
  ],
  [
    'a container without a network',
    { ...facts, bearers: [{ ...db, networks: [] }] },
    'names of containers',
    /but on no network/,
    /berth run --network front/,
  ],
  [
    'a container without an address',
    { ...facts, way: { ...embedded, known: { as: 'container', addresses: [] } } },
    'names of containers',
    /no address/,
    /berth inspect/,
  ],
  ['nobody knows it', facts, 'host resolver', /knows no db/, /spelling.*VPN/],
  [
    'no address of it',
    { ...facts, way: { ...embedded, beyond: byHost({ outcome: 'no-data' }, { outcome: 'no-data' }) } },
    'host resolver',
    /no address/,
    /addresses/,
  ],
  [
    'the host could not tell',
    {
      ...facts,
      way: { ...embedded, beyond: byHost({ outcome: 'failed', reason: 'the host is not connected' }, missing) },
    },
    'host resolver',
    /could not tell: the host is not connected/,
    /this machine/,
  ],
  ['an internal network', { ...facts, way: closed }, 'host resolver', /internal/, /berth network connect bridge web/],
  [
    'servers of its own do not know it',
    {
      ...facts,
      way: {
        ...embedded,
        servers: ['9.9.9.9'],
        answeredBy: 'servers',
        beyond: { ...unknownToHost, who: 'servers', answers: [missing] },
      },
    },
    'own name servers',
    /knows no db/,
    /those servers/,
  ],
  [
    'servers of its own do not answer',
    {
      ...facts,
      way: {
        ...embedded,
        answeredBy: 'servers',
        beyond: { who: 'servers', answers: [{ outcome: 'failed', reason: '9.9.9.9 did not answer' }] },
      },
    },
    'own name servers',
    /9\.9\.9\.9 did not answer/,
    /--dns/,
  ],
];

describe('the broken step, and its fix', () => {
  for (const [what, given, hop, detail, fix] of table)
    test(what, () => {
      const { works, verdict, hops } = explainName(given);
      const first = hops.find(({ status }) => status === 'broken');
      assert.equal(works, false);
      assert.equal(first?.name, hop);
      assert.equal(first.detail, verdict);
      assert.match(first.detail, detail);
      assert.match(first.fix, fix);
      assert.equal(hops.filter(({ status }) => status === 'broken').length, 1);
      for (const one of hops) assert.equal(one.fix !== '', one.status === 'broken', one.name);
    });
});

const found: LookUpAnswer = { outcome: 'found', records: [{ type: 'A', data: '10.20.30.40' }] };
for (const [what, way, verdict, last] of [
  ['a line of its hosts file', { hostsFile: ['10.1.2.3'] }, 'db is 10.1.2.3', /hosts file.*10\.1\.2\.3/],
  [
    'a container',
    { known: { as: 'container', addresses: ['10.7.0.3', 'fd00::3'] } },
    'db is 10.7.0.3, fd00::3',
    /a container on the same network/,
  ],
  ['a link', { known: { as: 'link', addresses: ['10.7.0.3'] } }, 'db is 10.7.0.3', /a link/],
  ['this machine', { known: { as: 'host', addresses: ['10.0.2.2'] } }, 'db is 10.0.2.2', /this machine/],
  [
    'the host',
    { beyond: byHost(found, { outcome: 'no-data' }) },
    'db is 10.20.30.40',
    /host resolver.*answers 10\.20\.30\.40/,
  ],
] as const)
  test(`answered by ${what}`, () => {
    const explained = explainName({ ...facts, way: { ...embedded, ...way } as NameWay, bearers: [db] });
    assert.deepEqual([explained.works, explained.verdict], [true, verdict]);
    const hop = explained.hops.at(-1);
    assert.match(`${hop?.name ?? ''} ${hop?.detail ?? ''}`, last);
  });
