import assert from 'node:assert/strict';
import test from 'node:test';
import { Listeners, disposable } from '../../../../app/base/disposable.ts';

test('a disposable lets go once', () => {
  let count = 0;
  const held = disposable(() => count++);
  held[Symbol.dispose]();
  held[Symbol.dispose]();
  assert.equal(count, 1);
});

test('listeners are told in order until they are disposed, the same function twice if added twice', () => {
  const listeners = new Listeners<string>();
  const heard: string[] = [];
  const listen = (value: string) => heard.push(value);
  const first = listeners.add(listen);
  listeners.add(listen);
  listeners.emit('a');
  first[Symbol.dispose]();
  listeners.emit('b');
  assert.deepEqual(heard, ['a', 'a', 'b']);
});

test('a listener that throws does not keep the others from being told', () => {
  const listeners = new Listeners<number>();
  const heard: number[] = [];
  const failure = new Error('no');
  listeners.add(() => {
    throw failure;
  });
  listeners.add((value) => heard.push(value));
  assert.deepEqual(listeners.emit(1), [failure]);
  assert.deepEqual(heard, [1]);
});
