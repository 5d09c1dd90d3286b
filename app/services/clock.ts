import { guestMethods } from '../../guest-agent/protocol/index.ts';
import type { Guest } from '../guest/guest.ts';
import type { Log } from '../base/log.ts';

export interface ClockOptions {
  readonly log: Log;
  /** Milliseconds since the epoch, and of a clock that stands still while the host sleeps; given by tests. */
  readonly wall?: () => number;
  readonly steady?: () => number;
  /** Milliseconds between looks for a sleep, and between settings without one. */
  readonly look?: number;
  readonly regular?: number;
}

/** A wall clock that ran this much further than the steady one (ms) means that the host slept or its clock was set. */
const sleepAtLeast = 1000;

/** Sets the guest's clock now, at each new connection, after a sleep of the host, and regularly. */
export function keepClock(guest: Guest, options: ClockOptions): Disposable {
  const { log, wall = Date.now, steady = () => performance.now(), look = 5000, regular = 600_000 } = options;
  let offset = wall() - steady();
  let due = steady() + regular;
  const set = (): void => {
    due = steady() + regular;
    const timeNano = `${wall()}000000`;
    guest
      .call(guestMethods.setTime, { timeNano })
      .catch((error: unknown) => log.warn({ err: error }, 'the guest’s clock was not set'));
  };
  const timer = setInterval(() => {
    const now = wall() - steady();
    const slept = Math.abs(now - offset) > sleepAtLeast;
    offset = now;
    if (slept || steady() >= due) set();
  }, look);
  timer.unref();
  const status = guest.onStatus(({ kind }) => {
    if (kind === 'connected') set();
  });
  set();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      status[Symbol.dispose]();
    },
  };
}
