/** From a name of a reverse look-up to the address that it stands for (RFC 1035, 3.5; RFC 3596, 2.5). */

/** Undefined for any other name. */
export function addressOfReverse(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '');
  const bytes = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(lower)?.[1]?.split('.').slice(0, 4);
  if (bytes !== undefined) return bytes.every((byte) => Number(byte) <= 255) ? bytes.reverse().join('.') : undefined;
  const nibbles = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower)?.[1]?.split('.') ?? [];
  return nibbles.reverse().join('').match(/.{4}/g)?.join(':');
}
