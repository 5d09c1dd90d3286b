/**
 * Requests guest → host: names that the engine does not know itself are asked of the host, whose own resolver answers
 * (its hosts file, its VPN, its multicast DNS).
 */
import * as v from 'valibot';
import { method } from './method.ts';

/** Types of records (RFC 1035, 2782, 3596) that the host can be asked for. */
export const recordTypes = ['A', 'AAAA', 'PTR', 'CNAME', 'NS', 'TXT', 'MX', 'SRV', 'SOA'] as const;
export type RecordType = (typeof recordTypes)[number];

/** Addresses and names without the last dot. */
export const NameRecord = v.variant('type', [
  v.object({ type: v.picklist(['A', 'AAAA', 'PTR', 'CNAME', 'NS']), data: v.string() }),
  v.object({ type: v.literal('TXT'), data: v.array(v.string()) }),
  v.object({ type: v.literal('MX'), data: v.object({ preference: v.number(), exchange: v.string() }) }),
  v.object({
    type: v.literal('SRV'),
    data: v.object({ priority: v.number(), weight: v.number(), port: v.number(), target: v.string() }),
  }),
  v.object({
    type: v.literal('SOA'),
    data: v.object({
      mname: v.string(),
      rname: v.string(),
      serial: v.number(),
      /** Seconds, as the three that follow. */
      refresh: v.number(),
      retry: v.number(),
      expire: v.number(),
      minimum: v.number(),
    }),
  }),
]);
export type NameRecord = v.InferOutput<typeof NameRecord>;

export const LookUpQuestion = v.object({ name: v.string(), type: v.picklist(recordTypes) });
export type LookUpQuestion = v.InferOutput<typeof LookUpQuestion>;

export const LookUpAnswer = v.variant('outcome', [
  v.object({ outcome: v.literal('found'), records: v.array(NameRecord) }),
  /** The name is there, a record of this type is not (RFC 2308). */
  v.object({ outcome: v.literal('no-data') }),
  v.object({ outcome: v.literal('no-such-name') }),
  /** Nobody could tell, and why. */
  v.object({ outcome: v.literal('failed'), reason: v.string() }),
]);
export type LookUpAnswer = v.InferOutput<typeof LookUpAnswer>;

export const nameMethods = {
  lookUp: method('host.lookUp', LookUpQuestion, LookUpAnswer),
};
