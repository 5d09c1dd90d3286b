/** From a method's name to decode, call, answer. */
import type { Handlers, Method } from '../protocol/method.ts';
import { decode } from './decode.ts';

export type Endpoint = (params: unknown, signal: AbortSignal) => Promise<unknown>;
export type Dispatch = ReadonlyMap<string, Endpoint>;

type Group = Record<string, Method<never, unknown>>;

/** One group's methods with their handlers, as entries of a dispatch table. */
export function endpoints<G extends object>(group: G, handlers: Handlers<G, AbortSignal>): [string, Endpoint][] {
  return Object.entries(group as Group).map(([key, method]) => {
    const handler = handlers[key as keyof G] as (params: unknown, signal: AbortSignal) => unknown;
    return [method.name, async (params, signal) => await handler(decode(method, params), signal)];
  });
}
