/** Mounts EROFS images for tests; needs root and a kernel with EROFS and loop devices. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';

/** Why images can't be mounted here, or undefined if they can. */
export function whyNoErofsMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    execFileSync('modprobe', ['-q', 'erofs'], { stdio: 'ignore' });
  } catch {
    // Built in, or told by the list below.
  }
  return readFileSync('/proc/filesystems', 'utf8').includes('erofs') ? undefined : 'the kernel has no EROFS';
}

/** Checks the image with fsck.erofs, mounts it, runs `work` and unmounts it. */
export async function withErofs<T>(image: string, mountPoint: string, work: () => T | Promise<T>): Promise<T> {
  execFileSync('fsck.erofs', [image], { stdio: ['ignore', 'pipe', 'pipe'] });
  mkdirSync(mountPoint, { recursive: true });
  execFileSync('mount', ['-t', 'erofs', '-o', 'ro,loop', image, mountPoint]);
  try {
    return await work();
  } finally {
    execFileSync('umount', [mountPoint]);
    rmdirSync(mountPoint);
  }
}
