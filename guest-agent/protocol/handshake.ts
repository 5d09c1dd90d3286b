/** First call on a control connection, and the heartbeat. */
import * as v from 'valibot';
import { method } from './method.ts';

export const HelloResult = v.object({
  protocolVersion: v.number(),
  agentVersion: v.string(),
  /** Changes at every start of the agent; a new value after a reconnect means that the agent restarted. */
  agentInstance: v.string(),
  bootId: v.string(),
  kernel: v.string(),
  /** OCI architecture of the guest: `amd64` or `arm64`. */
  architecture: v.string(),
  cpus: v.number(),
  memoryBytes: v.number(),
  /** Cause when the data disk could not be mounted; containers cannot be made then. */
  dataDiskFailure: v.optional(v.string()),
});
export type HelloResult = v.InferOutput<typeof HelloResult>;

export const handshakeMethods = {
  /** Rejects with `protocol-mismatch` when the versions differ. */
  hello: method('hello', v.object({ protocolVersion: v.number(), hostVersion: v.string() }), HelloResult),
  ping: method('ping', v.object({}), v.object({ agentInstance: v.string() })),
};
