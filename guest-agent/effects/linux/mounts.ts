/** The agent's own mounts: mount(2), umount2(2). */
import { constants } from 'node:os';
import { mountsOf } from './proc.ts';
import { failedCall, kernel } from './syscalls.ts';

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

export interface MountCall {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly flags: bigint;
  readonly data: string;
}

/** @throws EngineError `operation-failed` */
export async function mount({ source, target, type, flags, data }: MountCall): Promise<void> {
  const what = `mount ${type} ${source} on ${target}`;
  (await kernel()).call(what, (calls) => calls.mount(source, target, type, flags, data));
}

/** Lets go of what is mounted there; nothing when nothing is, or the path does not exist. */
export async function unmount(target: string): Promise<void> {
  const { call, errno } = await kernel();
  let failure = 0;
  call(`unmount ${target}`, (calls) => {
    const answer = calls.umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (answer < 0) failure = errno();
    return 0;
  });
  const nothing = [0, constants.errno.EINVAL, constants.errno.ENOENT];
  if (!nothing.includes(failure)) throw failedCall(`unmount ${target}`, failure);
}

/** Whether something is mounted exactly there, in the agent's mount namespace. */
export function isMounted(path: string): boolean {
  return mountsOf('self').some(({ target }) => target === path);
}
