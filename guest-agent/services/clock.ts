/** Wall-clock time as the protocol has it: nanoseconds since the epoch, as decimal strings. */
export function nowNano(): string {
  return millisecondsToNano(Date.now());
}

export function milliseconds(nano: string): number {
  return Number(BigInt(nano) / 1_000_000n);
}

export function millisecondsToNano(milliseconds: number): string {
  return `${Math.trunc(milliseconds)}000000`;
}
