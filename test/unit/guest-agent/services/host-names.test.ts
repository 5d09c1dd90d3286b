import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'valibot';
import { HostNames, type CallHost } from '../../../../guest-agent/services/host-names.ts';

const question = { name: 'example.org', type: 'A' } as const;
/** A host that answers with this; typed as any method's result, as a connection does. */
const answering =
  (reason: string): CallHost =>
  (method) =>
    Promise.resolve(parse(method.result, { outcome: 'failed', reason }));
const broken: CallHost = () => Promise.reject(new Error('no such method'));
const hanging: CallHost = (_method, _params, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));

test('the newest connection is asked, an older one when that cannot answer, nobody when all have left', async () => {
  const names = new HostNames();
  const reason = async () => {
    const answer = await names.lookUp(question);
    return answer.outcome === 'failed' ? answer.reason : answer.outcome;
  };
  assert.equal(await reason(), 'the host is not connected');
  const leaveOld = names.add(answering('old'));
  const leaveNew = names.add(answering('new'));
  assert.equal(await reason(), 'new');
  const leaveBroken = names.add(broken);
  assert.equal(await reason(), 'new');
  leaveNew();
  assert.equal(await reason(), 'old');
  leaveOld();
  assert.equal(await reason(), 'no such method');
  leaveBroken();
  assert.equal(await reason(), 'the host is not connected');
});

test('a host that hangs fails in time; only so many questions wait for it', async () => {
  const names = new HostNames(20);
  names.add(answering('never asked'));
  names.add(hanging);
  const answers = await Promise.all(Array.from({ length: 300 }, () => names.lookUp(question)));
  const reasons = answers.map((answer) => (answer.outcome === 'failed' ? answer.reason : ''));
  assert.equal(reasons.filter((reason) => /within 0.02 s/.test(reason)).length, 256);
  assert.equal(reasons.filter((reason) => /too many/.test(reason)).length, 44);
});
