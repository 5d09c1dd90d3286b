/** Kinds of files of a container (inode(7)). */
interface WithMode {
  readonly mode: number;
}

const kindMask = 0o170000;

export const isFolder = ({ mode }: WithMode): boolean => (mode & kindMask) === 0o040000;
export const isLink = ({ mode }: WithMode): boolean => (mode & kindMask) === 0o120000;
export const isPlainFile = ({ mode }: WithMode): boolean => (mode & kindMask) === 0o100000;
