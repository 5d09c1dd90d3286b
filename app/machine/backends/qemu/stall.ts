/**
 * When the host has no room for a write to the guest's disk, QEMU suspends the guest (`werror=enospc`, its default for
 * -drive) and says so by BLOCK_IO_ERROR (QEMU's qapi/block-core.json). The guest goes on when somebody says `cont`: here,
 * as soon as there is room again.
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pollUntil } from '../../../base/deadline.ts';
import { Listeners } from '../../../base/disposable.ts';
import type { Qmp, QmpEvent } from './qmp.ts';

export interface Stalls {
  /** Told why the guest is suspended; undefined when it goes on. */
  onStall(listener: (cause: string | undefined) => void): Disposable;
}

/** Bytes of room in which a guest can do something. */
const ENOUGH = 64 * 2 ** 20;

/** @param pause milliseconds between looks for room */
export function watchStalls(qmp: Qmp, disk: string, exited: Promise<unknown>, pause = 1000): Stalls {
  const listeners = new Listeners<string | undefined>();
  const over = new AbortController();
  void exited.then(() => over.abort());
  let stalled = false;
  const goOn = async (): Promise<void> => {
    await pollUntil(async () => ((await room(disk)) >= ENOUGH ? true : undefined), pause, over.signal);
    stalled = false;
    await qmp.execute('cont');
    listeners.emit(undefined);
  };
  qmp.events.add((event) => {
    if (stalled || !isWantOfRoom(event)) return;
    stalled = true;
    listeners.emit(`the host has no room left for ${disk}`);
    // The guest has ended, and with it the wait.
    goOn().catch(() => undefined);
  });
  return { onStall: (listener) => listeners.add(listener) };
}

function isWantOfRoom({ event, data }: QmpEvent): boolean {
  if (event !== 'BLOCK_IO_ERROR' || typeof data !== 'object' || data === null) return false;
  return 'action' in data && data.action === 'stop' && 'nospace' in data && data.nospace === true;
}

async function room(disk: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(disk));
  return bavail * bsize;
}
