/** Docker's `config.json`: credentials, and which programs keep them. What else is in it stays as it is. */
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { isErrno, readFileIfThere, writeFileAtomically } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';
import { accountOf } from './endpoint.ts';

const authSchema = v.looseObject({
  auth: v.optional(v.string(), ''),
  username: v.optional(v.string(), ''),
  password: v.optional(v.string(), ''),
  identitytoken: v.optional(v.string(), ''),
});

const configSchema = v.looseObject({
  auths: v.optional(v.record(v.string(), authSchema), {}),
  credsStore: v.optional(v.string(), ''),
  credHelpers: v.optional(v.record(v.string(), v.string()), {}),
});
export type DockerConfig = v.InferOutput<typeof configSchema>;

export interface Credential {
  readonly username: string;
  readonly password: string;
  /** OAuth 2 refresh token; empty where user name and password are used. */
  readonly identityToken: string;
}

/** @throws EngineError `invalid-argument` when it is damaged, so that it is never written over. */
export async function readDockerConfig(file: string): Promise<DockerConfig> {
  const text = (await readFileIfThere(file)) ?? '{}';
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), configSchema), text.trim() === '' ? '{}' : text);
  if (parsed.success) return parsed.output;
  // Values may be secrets: the path of the field is told, not what is there.
  throw new EngineError(
    'invalid-argument',
    `${file} is damaged: ${v.getDotPath(parsed.issues[0]) ?? 'it is no JSON'}.`,
    {
      hint: 'Repair it, or move it away and log in again.',
    },
  );
}

/**
 * Changes the entry of one account, or takes it away; every other field of the file is kept. The file is for the user
 * alone afterwards.
 */
export async function changeAuth(file: string, account: string, entry: object | undefined): Promise<void> {
  // A link to the file, as dotfile managers make, stays a link.
  const target = await realpath(file).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return file;
    throw error;
  });
  await readDockerConfig(target);
  const whole = v.parse(v.looseObject({}), JSON.parse((await readFileIfThere(target))?.trim() || '{}'));
  const before = v.parse(v.optional(v.record(v.string(), v.unknown()), {}), whole['auths']);
  const others = Object.entries(before).filter(([key]) => accountOf(key) !== account);
  const auths = Object.fromEntries(entry === undefined ? others : [...others, [account, entry]]);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await writeFileAtomically(target, `${JSON.stringify({ ...whole, auths }, undefined, '\t')}\n`);
  await chmod(target, 0o600);
}

/** The program that keeps an account's credentials: the name behind `docker-credential-`. */
export function helperFor({ credHelpers, credsStore }: DockerConfig, account: string): string | undefined {
  const [, own] = Object.entries(credHelpers).find(([server]) => accountOf(server) === account) ?? [];
  return own || credsStore || undefined;
}

/** What the file itself has for an account. */
export function credentialIn({ auths }: DockerConfig, account: string): Credential | undefined {
  const [, found] = Object.entries(auths).find(([server]) => accountOf(server) === account) ?? [];
  if (found === undefined) return undefined;
  const [username = '', ...password] = Buffer.from(found.auth, 'base64').toString().split(':');
  const credential = {
    username: found.username || username,
    // Go once padded what it wrote with NULs.
    password: found.password || password.join(':').replace(/\0+$/, ''),
    identityToken: found.identitytoken,
  };
  return credential.username === '' && credential.identityToken === '' ? undefined : credential;
}

export function authEntry({ username, password, identityToken }: Credential): object {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return identityToken === '' ? { auth } : { auth, identitytoken: identityToken };
}
