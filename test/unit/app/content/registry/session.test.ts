import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRetryPolicy } from '../../../../../app/content/registry/retry.ts';
import { RegistrySession } from '../../../../../app/content/registry/session.ts';
import type { HttpRequest, Transport } from '../../../../../app/content/registry/transport.ts';

const settings = { mirrors: {}, insecure: [], plainHttp: ['plain.example'], caFiles: [] };

/** @returns where requests to these places went */
async function asked(scheme: 'https' | 'http', target: string): Promise<string[]> {
  const sent: string[] = [];
  const send = ({ url }: Pick<HttpRequest, 'url'>) => {
    sent.push(url.href);
    return Promise.resolve({ url, status: 201, header: () => undefined });
  };
  const session = new RegistrySession({
    endpoint: { host: 'registry.example', scheme, repository: 'app', account: 'registry.example', isMirror: false },
    settings,
    transport: { send } as unknown as Transport,
    retry: defaultRetryPolicy,
    credential: () => Promise.resolve(undefined),
  });
  await session.once({ method: 'PUT', target: new URL(target), what: 'Sending', scopes: [], accept: [201] });
  return sent;
}

for (const [scheme, target, taken] of [
  ['https', 'https://storage.example/x', true],
  ['https', 'http://storage.example/x', false],
  ['https', 'http://registry.example/x', false],
  ['https', 'http://plain.example/x', true],
  ['https', 'http://127.0.0.1:5000/x', true],
  ['https', 'ftp://storage.example/x', false],
  ['http', 'http://storage.example/x', true],
] as const)
  test(`a registry of ${scheme} ${taken ? 'may' : 'may not'} have content sent to ${target}`, async () => {
    if (taken) assert.deepEqual(await asked(scheme, target), [target]);
    else
      await assert.rejects(asked(scheme, target), {
        code: 'operation-failed',
        message: /registry\.example wants content sent to .*, unprotected/,
        hint: /plainHttp/,
      });
  });
