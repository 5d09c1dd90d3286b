/**
 * Docker's API in containers: a unix socket of the guest, there once a container mounts it. Each connection is told by a
 * `changed` event of the kind `engine-socket`; the host takes it as a stream and joins it to the API's own socket.
 */
import * as v from 'valibot';
import { method } from './method.ts';
import { StreamToken } from './stream.ts';

export const engineSocketMethods = {
  /** The connection that has waited longest; without `stream` none waits. */
  take: method('engineSocket.take', v.object({}), v.object({ stream: v.optional(StreamToken) })),
};
