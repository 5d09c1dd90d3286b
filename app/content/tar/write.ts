/** Writes the members of an archive of our own: regular files and folders with short names (POSIX.1-1988 ustar). */
const BLOCK = 512;
/** Bytes of a size that eleven octal digits hold; GNU tar's base-256 form holds more (tar.h, `from_header`). */
const OCTAL_MAX = 8 ** 11 - 1;

/** The header of a member that belongs to root and was made in 1970, so that the same content gives the same archive. */
export function tarHeader(path: string, size: number): Buffer {
  const isFolder = path.endsWith('/');
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1');
  };
  block.write(path, 0, 100, 'latin1');
  octal(isFolder ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  if (size <= OCTAL_MAX) octal(size, 124, 12);
  else {
    block.writeUInt8(0x80, 124);
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(0, 136, 12);
  block.fill(0x20, 148, 156);
  block.write(isFolder ? '5' : '0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  block.writeUInt8(0, 154);
  return block;
}

/** What follows a member's bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}
