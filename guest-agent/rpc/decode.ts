/** The edge where a call's parameters are checked against the contract. */
import * as v from 'valibot';
import { EngineError } from '../protocol/errors.ts';
import type { Method } from '../protocol/method.ts';

/** @throws EngineError `invalid-argument` naming the method, the first wrong path and what was expected there. */
export function decode<P, R>(method: Method<P, R>, params: unknown): P {
  const result = v.safeParse(method.params, params, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? '';
  throw new EngineError(
    'invalid-argument',
    `${method.name}: ${path === '' ? 'the parameters' : path}: ${issue.message}`,
    {
      hint: 'The caller and the guest agent may be of different versions: restart the machine.',
      data: { method: method.name, path, expected: issue.expected ?? issue.type },
    },
  );
}
