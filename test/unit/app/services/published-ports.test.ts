import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../../app/base/log.ts';
import { PublishedPorts } from '../../../../app/services/published-ports.ts';
import { AskedGuest } from '../../../support/asked-guest.ts';
import { until } from '../../../support/until.ts';

const forwards = {
  apply: () => Promise.resolve([]),
  active: () => [],
  requireFree: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const port = { containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 8080 } as const;

test('what is published is read again for those that may publish something, not for those known to have nothing', async () => {
  const guest = new AskedGuest({ 'network.published': [] });
  await using ports = new PublishedPorts(guest, forwards, silentLog);
  await ports.open('nobody');
  const before = guest.asked.length;
  ports.note('idle', []);
  ports.note('web', [port]);
  assert.deepEqual([ports.hasNone('idle'), ports.hasNone('web'), ports.hasNone('older')], [true, false, false]);
  for (const action of ['start', 'die', 'destroy']) guest.changed({ kind: 'container', id: 'idle', action });
  assert.equal(guest.asked.length, before);
  assert.equal(ports.hasNone('idle'), false);
  for (const id of ['web', 'older']) {
    const so = guest.asked.length;
    guest.changed({ kind: 'container', id, action: 'start' });
    await until('the ports were read', () => guest.asked.length > so);
  }
});
