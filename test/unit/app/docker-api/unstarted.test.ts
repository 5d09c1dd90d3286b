import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventMessage } from '../../../../app/docker-api/codec/event.ts';
import { Unstarted } from '../../../../app/docker-api/unstarted.ts';

const terminal = { tty: false, openStdin: true, stdinOnce: true };

function word(action: string, id: string) {
  const message = eventMessage({ kind: 'container', id, action, timeNano: '1' });
  assert.ok(message);
  return message;
}

test('what was made is known until somebody starts it or it goes, by whatever door', () => {
  const unstarted = new Unstarted();
  for (const id of ['here', 'elsewhere', 'gone']) unstarted.add(id, terminal);
  unstarted.note(word('rename', 'here'));
  assert.equal(unstarted.get('here'), terminal);
  assert.equal(unstarted.take('here'), terminal);
  unstarted.note(word('start', 'elsewhere'));
  unstarted.note(word('destroy', 'gone'));
  for (const id of ['here', 'elsewhere', 'gone', 'never']) assert.equal(unstarted.get(id), undefined);
});

test('of very many the first are forgotten', () => {
  const unstarted = new Unstarted();
  for (let i = 0; i < 2000; i++) unstarted.add(`id-${i}`, terminal);
  assert.equal(unstarted.get('id-0'), undefined);
  assert.equal(unstarted.get('id-1999'), terminal);
});
