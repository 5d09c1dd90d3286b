/** What a person is told of a virtual machine that ended by itself: one line; the whole is in the log. Pure. */

export interface Ending {
  readonly kind: 'stopped' | 'crashed';
  readonly code: number | null;
  readonly signal: string | null;
  readonly detail: string;
}

/** Undefined when the guest was switched off in order. */
export function crashMessage(exit: Ending): string | undefined {
  if (exit.kind === 'stopped') return undefined;
  const how = exit.signal ?? (exit.code === null ? 'unknown cause' : `status ${exit.code}`);
  return `The virtual machine ended unexpectedly (${how})${crashCause(exit.detail)}.`;
}

/** `: CAUSE` from the guest's last words or the hypervisor's messages; empty when they tell nothing. */
export function crashCause(detail: string): string {
  const lines = detail.split('\n').map((line) => line.trim());
  const found = telling.map((pattern) => lines.find((line) => pattern.test(line))).find((line) => line !== undefined);
  return found === undefined ? '' : `: ${found.replace(/\.+$/, '')}`;
}

/** The most telling first: QEMU's own reason says no more than that the guest wanted it so. */
const telling = [/kernel panic/i, /out of memory/i, /^berth: fail/, /^qemu\S*: /, /reason: (?!guest-shutdown)/];
