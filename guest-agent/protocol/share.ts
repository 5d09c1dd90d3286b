/** Host folders mounted in the guest. */
import * as v from 'valibot';
import { method } from './method.ts';

export const GuestMount = v.object({
  /** File system type for mount(2): `virtiofs`, `9p`. */
  type: v.string(),
  /** The device tag. */
  source: v.string(),
  options: v.string(),
});

export const ShareTag = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/));

export const shareMethods = {
  /** Mounts the share at `/run/berth/shares/<tag>`; answers also when it is there already. */
  mount: method('share.mount', v.object({ tag: ShareTag, mount: GuestMount, readOnly: v.boolean() }), v.object({})),
  list: method('share.list', v.object({}), v.array(v.object({ tag: v.string(), type: v.string() }))),
};
