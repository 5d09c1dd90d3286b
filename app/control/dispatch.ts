/** From a method's name to: check the parameters, call the machine's API. */
import * as v from 'valibot';
import { EngineError } from '../base/error.ts';
import { hostMethods } from '../contract/index.ts';
import type { Api } from './host-service.ts';

type Call = (params: unknown, signal: AbortSignal) => Promise<unknown>;

interface Entry {
  readonly group: string;
  readonly key: string;
  readonly params: v.GenericSchema;
}

const entries: ReadonlyMap<string, Entry> = new Map(
  Object.entries(hostMethods).flatMap(([group, methods]) =>
    Object.entries(methods).map(([key, method]): [string, Entry] => [
      method.name,
      { group, key, params: method.params },
    ]),
  ),
);

/** @throws EngineError `unsupported` for a name that is no method, `invalid-argument` for wrong parameters. */
export function dispatch(api: Api, name: string, params: unknown): (signal: AbortSignal) => Promise<unknown> {
  const entry = entries.get(name);
  const call = entry === undefined ? undefined : methodOf(api, entry);
  if (entry === undefined || call === undefined)
    throw new EngineError('unsupported', `The host service has no method ${name.slice(0, 64)}.`, {
      hint: 'The command and the host service may be of different versions: run "berth restart".',
    });
  const checked = checkParams(name, entry.params, params);
  return (signal) => call(checked, signal);
}

/** @throws EngineError `invalid-argument` naming the method, the first wrong path and what was expected there. */
export function checkParams<T>(name: string, schema: v.GenericSchema<unknown, T>, params: unknown): T {
  const result = v.safeParse(schema, params, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? 'the parameters';
  throw new EngineError('invalid-argument', `${name}: ${path}: ${issue.message}`, {
    hint: 'The command and the host service may be of different versions: run "berth restart".',
    data: { method: name, path },
  });
}

function methodOf(api: Api, { group, key }: Entry): Call | undefined {
  const methods: unknown = Object.hasOwn(api, group) ? api[group as keyof Api] : undefined;
  if (typeof methods !== 'object' || methods === null || !Object.hasOwn(methods, key)) return undefined;
  return (methods as Record<string, Call>)[key];
}
