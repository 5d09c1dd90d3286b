/** The archive form that the kernel unpacks as an initramfs. */

export interface CpioEntry {
  /** Relative, no leading `/`. */
  readonly path: string;
  /** File type and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly data: Uint8Array;
}

/**
 * An uncompressed archive in the `newc` form (cpio(5); kernel Documentation/driver-api/early-userspace/buffer-format.rst):
 * all owners are root and all times zero, so equal entries make equal archives.
 */
export function newcArchive(entries: readonly CpioEntry[]): Uint8Array {
  const members = entries.map((entry, index) => member(entry, index + 1));
  return Buffer.concat([...members, member({ path: 'TRAILER!!!', mode: 0, data: new Uint8Array() }, 0)]);
}

function member({ path, mode, data }: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, time, size, device (2), special device (2), name's size, checksum
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(data)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
