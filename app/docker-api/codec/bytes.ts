import { EngineError } from '../../../guest-agent/protocol/errors.ts';

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `64m`, `1.5g`, `100k`, `4096`. @throws EngineError `invalid-argument` */
export function bytes(text: string, what: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)([bkmgt]?)i?b?$/i.exec(text);
  const unit = units[match?.[2]?.toLowerCase() ?? 'none'];
  if (match?.[1] !== undefined && unit !== undefined) return Math.floor(Number(match[1]) * unit);
  throw new EngineError('invalid-argument', `invalid ${what}: ${JSON.stringify(text)}`);
}
