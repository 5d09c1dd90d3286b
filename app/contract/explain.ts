/** Why a published port or a name works, or where its way breaks. */
import * as v from 'valibot';
import { method } from '../../guest-agent/protocol/index.ts';

/** One step of the way, in order. */
export const Hop = v.object({
  name: v.string(),
  /** `unknown`: it cannot be told while a step before it is broken, or nobody got so far. */
  status: v.picklist(['ok', 'broken', 'unknown']),
  detail: v.string(),
  /** What to do; empty unless it is broken. */
  fix: v.string(),
});
export type Hop = v.InferOutput<typeof Hop>;

export const Explanation = v.object({
  /** What was asked: `port 8080/tcp`, `name db from web`. */
  subject: v.string(),
  works: v.boolean(),
  /** Where it leads, or the first broken step. */
  verdict: v.string(),
  hops: v.array(Hop),
});
export type Explanation = v.InferOutput<typeof Explanation>;

export const explanationMethods = {
  port: method('explain.port', v.object({ port: v.number(), protocol: v.picklist(['tcp', 'udp']) }), Explanation),
  /** `from`: a container; without one, as a container on the default bridge would ask. `no-such-container` */
  dns: method('explain.dns', v.object({ name: v.string(), from: v.optional(v.string()) }), Explanation),
};
