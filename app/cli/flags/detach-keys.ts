import { badFlag } from '../command/usage-error.ts';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** `ctrl-p,ctrl-q` → the bytes that the terminal sends; an empty text switches detaching off. */
export function parseDetachKeys(text: string, flag = '--detach-keys'): Uint8Array {
  if (text === '') return new Uint8Array();
  return Uint8Array.from(text.split(','), (key) => byteOf(key, text, flag));
}

function byteOf(key: string, text: string, flag: string): number {
  if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
  throw badFlag(
    flag,
    text,
    `${JSON.stringify(key)} is not a key`,
    'Write keys as a letter or ctrl-LETTER, comma-separated.',
  );
}
