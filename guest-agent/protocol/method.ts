/**
 * How a method is declared: name, parameters and result in one place, as valibot schemas, so that the types of both
 * sides and the checks at the edge come from the same lines.
 */
import type * as v from 'valibot';

/** A schema whose input and output are the same: nothing is transformed on the wire. */
export type Schema<T> = v.GenericSchema<T>;

export interface Method<P, R> {
  readonly name: string;
  readonly params: Schema<P>;
  readonly result: Schema<R>;
}

export function method<P, R>(name: string, params: Schema<P>, result: Schema<R>): Method<P, R> {
  return { name, params, result };
}

export type ParamsOf<M> = M extends { params: Schema<infer P> } ? P : never;
export type ResultOf<M> = M extends { result: Schema<infer R> } ? R : never;

/** The handler table of a group: one function per method. `Signal` is AbortSignal, which PURE code has no name for. */
export type Handlers<G, Signal> = {
  [K in keyof G]: (params: ParamsOf<G[K]>, signal: Signal) => Promise<ResultOf<G[K]>> | ResultOf<G[K]>;
};
