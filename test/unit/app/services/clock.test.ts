import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { silentLog } from '../../../../app/base/log.ts';
import { Listeners } from '../../../../app/base/disposable.ts';
import type { Guest, GuestStatus } from '../../../../app/guest/guest.ts';
import { keepClock } from '../../../../app/services/clock.ts';

test('the clock is set at first, on reconnection, after a sleep, and regularly', (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  let [wall, steady] = [1_000_000, 0];
  const set: string[] = [];
  const status = new Listeners<GuestStatus>();
  const guest = {
    call: (_: unknown, { timeNano }: { timeNano: string }) => {
      set.push(timeNano);
      return Promise.resolve({});
    },
    onStatus: (listener: (value: GuestStatus) => void) => status.add(listener),
  } as unknown as Guest;
  const pass = (ms: number, asleep = 0): void => {
    steady += ms;
    wall += ms + asleep;
    mock.timers.tick(ms);
  };
  const clock = keepClock(guest, {
    log: silentLog,
    wall: () => wall,
    steady: () => steady,
    look: 5000,
    regular: 20_000,
  });
  assert.deepEqual(set, ['1000000000000']);
  pass(5000);
  assert.equal(set.length, 1);
  pass(5000, 60_000);
  assert.equal(set.at(-1), '1070000000000');
  for (let look = 0; look < 3; look++) pass(5000);
  assert.equal(set.length, 2);
  pass(5000);
  assert.equal(set.length, 3);
  status.emit({ kind: 'lost', cause: new Error('gone') });
  assert.equal(set.length, 3);
  status.emit({ kind: 'connected', hello: {} as never, restarted: false });
  assert.equal(set.length, 4);
  clock[Symbol.dispose]();
  pass(60_000, 60_000);
  assert.equal(set.length, 4);
});
