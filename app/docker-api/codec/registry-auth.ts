/** Who asks a registry: the `X-Registry-Auth` header and the body of `POST /auth`. */
import * as v from 'valibot';
import type { RegistryAuth } from '../../contract/registry.ts';
import { Text } from './decode.ts';

export const AuthRequest = v.object({
  username: Text,
  password: Text,
  auth: Text,
  email: Text,
  serveraddress: Text,
  identitytoken: Text,
});

/** Undefined where nothing is said: what the host knows is taken then. */
export function authOf(request: v.InferOutput<typeof AuthRequest>): RegistryAuth | undefined {
  const { username, password, identitytoken } = request;
  if (identitytoken !== '') return { identityToken: identitytoken };
  return username === '' ? undefined : { username, password };
}

/** @param text the header's JSON, with base64 taken off; what is none counts as nothing said, as with Docker */
export function headerAuth(text: string): RegistryAuth | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), AuthRequest), text);
  return parsed.success ? authOf(parsed.output) : undefined;
}
