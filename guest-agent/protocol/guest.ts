/** The guest itself: processes, namespaces without an image, power. */
import * as v from 'valibot';
import { method } from './method.ts';
import { StreamToken } from './stream.ts';

export const GuestProcess = v.object({
  pid: v.number(),
  parent: v.number(),
  user: v.number(),
  /** Pids in the nested pid namespaces, outermost first, this guest's own left out. */
  innerPids: v.array(v.number()),
  /** Container id, `unshare` for a shell made by `guest.unshare`, or empty for the guest's own. */
  owner: v.string(),
  rssBytes: v.number(),
  command: v.string(),
});
export type GuestProcess = v.InferOutput<typeof GuestProcess>;

export const unshareable = ['mount', 'uts', 'ipc', 'net', 'pid', 'user', 'cgroup'] as const;

export const guestMethods = {
  processes: method('guest.processes', v.object({}), v.array(GuestProcess)),
  /** A process of the guest in just these new namespaces, with no image. The stream carries stdio frames. */
  unshare: method(
    'guest.unshare',
    v.object({
      namespaces: v.array(v.picklist(unshareable)),
      /** Run the program as a child, so that it is pid 1 of a new pid namespace. */
      fork: v.boolean(),
      mountProc: v.boolean(),
      mapRootUser: v.boolean(),
      hostname: v.string(),
      argv: v.pipe(v.array(v.string()), v.minLength(1)),
      env: v.array(v.string()),
      tty: v.boolean(),
    }),
    v.object({ id: v.string(), stream: StreamToken }),
  ),
  memory: method(
    'guest.memory',
    v.object({}),
    v.object({
      totalBytes: v.number(),
      availableBytes: v.number(),
      cachedBytes: v.number(),
      agentRssBytes: v.number(),
      monitorRssBytes: v.array(v.number()),
    }),
  ),
  disk: method('guest.disk', v.object({}), v.object({ totalBytes: v.number(), freeBytes: v.number() })),
  /** After a boot: shares are mounted, so containers are started by their restart policies. Answers before they run. */
  ready: method('guest.ready', v.object({}), v.object({})),
  /** Gives the blocks that nothing uses back to the host; what is being deleted is waited for. */
  trim: method('guest.trim', v.object({}), v.object({})),
  /** Sets the clock: nanoseconds since the epoch, decimal. */
  setTime: method('guest.setTime', v.object({ timeNano: v.string() }), v.object({})),
  /** Stops containers (their stop signals, their timeouts up to `timeoutSeconds`), syncs, unmounts, powers off. */
  shutdown: method('guest.shutdown', v.object({ timeoutSeconds: v.number() }), v.object({})),
};
