import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for evidence: asks `probe` until it gives something other than undefined or false.
 * @throws Error naming `what` after `limitMs`, with the last answer or failure.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`no evidence in ${limitMs} ms: ${what}; last: ${String(last)}`);
    await delay(50);
  }
}
