/**
 * Files of containers as tar archives, running or not. Paths are the container's: they are resolved inside its root, with
 * its mounts, and no link leads out of it. Owners are the container's view: id 0 is its root.
 *
 * Archives travel as stdio frames (stream-format.ts) with the archive on `stdout` or `stdin`. An `exit` frame with code 0
 * says that all went well; before any other code `stderr` holds what failed, for `archiveFailure`. A stream that ends
 * without an `exit` frame was cut.
 */
import * as v from 'valibot';
import { method } from './method.ts';
import { StreamToken } from './stream.ts';

export const PathStat = v.object({
  /** Last part of the path as it was asked for: `.` and `/` are kept. */
  name: v.string(),
  size: v.number(),
  /** st_mode of inode(7): type and permission bits. */
  mode: v.number(),
  /** Nanoseconds since the epoch, decimal. */
  mtimeNano: v.string(),
  /** Of a symbolic link: the absolute path in the container that it leads to; else empty. */
  linkTarget: v.string(),
});
export type PathStat = v.InferOutput<typeof PathStat>;

/** Added, changed, deleted. */
export const FileChange = v.object({ kind: v.picklist(['A', 'C', 'D']), path: v.string() });
export type FileChange = v.InferOutput<typeof FileChange>;

const AtPath = v.object({ id: v.string(), path: v.string() });
const Bytes = v.object({ stream: StreamToken });

export const archiveMethods = {
  /** Of the path itself; a link at its end is followed only where `/` or `/.` comes behind. `no-such-path` */
  archiveStat: method('container.archiveStat', AtPath, v.object({ stat: PathStat })),
  /**
   * The file or folder as an archive in which it has the last part of the path as its name (`.` for `/.` and `/`).
   * Mounted volumes and folders are part of it. `no-such-path`
   */
  archiveGet: method('container.archiveGet', AtPath, v.object({ stream: StreamToken, stat: PathStat })),
  /**
   * Unpacks an archive into the folder at the path, which links may lead to. A file is in its place only when it is
   * complete. `noOverwriteDirNonDir`: a folder is not replaced by something else, nor the other way round. `copyUidGid`:
   * what is made belongs to the container's user, not to the archive's owners (Docker's meaning).
   */
  archivePut: method(
    'container.archivePut',
    v.object({ id: v.string(), path: v.string(), noOverwriteDirNonDir: v.boolean(), copyUidGid: v.boolean() }),
    Bytes,
  ),
  /** The whole root without what is mounted in it. */
  export: method('container.export', v.object({ id: v.string() }), Bytes),
  /** What differs from the image, sorted by path. */
  changes: method('container.changes', v.object({ id: v.string() }), v.array(FileChange)),
};

export const layerArchiveMethods = {
  /** The writable layer as an OCI layer archive (whiteouts as `.wh.` files). With `pause` a running container stands still until it is sent. */
  layer: method('container.layer', v.object({ id: v.string(), pause: v.boolean() }), Bytes),
};
