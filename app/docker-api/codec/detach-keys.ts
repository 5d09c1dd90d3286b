import { EngineError } from '../../../guest-agent/protocol/errors.ts';

/** `ctrl-p,ctrl-q` and the like as bytes; that sequence when nothing is given. @throws EngineError `invalid-argument` */
export function detachKeys(text: string): Uint8Array {
  const bytes = (text === '' ? 'ctrl-p,ctrl-q' : text).split(',').map(byteOf);
  if (bytes.every((byte) => byte !== undefined)) return Uint8Array.from(bytes);
  throw new EngineError('invalid-argument', `Invalid detach keys (${text}) provided`);
}

function byteOf(key: string): number | undefined {
  if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  return control === undefined ? undefined : control.toUpperCase().charCodeAt(0) & 0x1f;
}
