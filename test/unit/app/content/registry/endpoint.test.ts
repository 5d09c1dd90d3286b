import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { accountOf, endpointsOf, registryOf } from '../../../../../app/content/registry/endpoint.ts';
import { readSettings } from '../../../../../app/content/registry/settings.ts';
import { parseReference } from '../../../../../app/content/reference.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const settings = {
  mirrors: { 'docker.io': ['https://mirror.example/hub', 'http://cache.lan:5000'] },
  insecure: ['old.lan:8443'],
  plainHttp: ['plain.lan'],
  caFiles: [],
};
const none = { ...settings, mirrors: {} };

describe('reference → endpoint', () => {
  const table: [reference: string, scheme: string, host: string, repository: string, account: string][] = [
    ['busybox', 'https', 'registry-1.docker.io', 'library/busybox', 'https://index.docker.io/v1/'],
    ['team/app:1', 'https', 'registry-1.docker.io', 'team/app', 'https://index.docker.io/v1/'],
    ['index.docker.io/team/app', 'https', 'registry-1.docker.io', 'team/app', 'https://index.docker.io/v1/'],
    ['ghcr.io/team/app', 'https', 'ghcr.io', 'team/app', 'ghcr.io'],
    ['reg.example:8443/a/b/c', 'https', 'reg.example:8443', 'a/b/c', 'reg.example:8443'],
    ['localhost/app', 'either', 'localhost', 'app', 'localhost'],
    ['localhost:5000/app', 'either', 'localhost:5000', 'app', 'localhost:5000'],
    ['127.0.0.1:5000/app', 'either', '127.0.0.1:5000', 'app', '127.0.0.1:5000'],
    ['127.3.2.1/app', 'either', '127.3.2.1', 'app', '127.3.2.1'],
    ['[::1]:5000/app', 'either', '[::1]:5000', 'app', '[::1]:5000'],
    ['127.0.0.1.example/app', 'https', '127.0.0.1.example', 'app', '127.0.0.1.example'],
    ['old.lan:8443/app', 'either', 'old.lan:8443', 'app', 'old.lan:8443'],
    ['old.lan/app', 'https', 'old.lan', 'app', 'old.lan'],
    ['plain.lan/app', 'http', 'plain.lan', 'app', 'plain.lan'],
    ['plain.lan:81/app', 'http', 'plain.lan:81', 'app', 'plain.lan:81'],
  ];
  for (const [reference, scheme, host, repository, account] of table)
    test(reference, () =>
      assert.deepEqual(endpointsOf(parseReference(reference), none), [
        { host, scheme, repository, account, isMirror: false },
      ]),
    );
});

test('mirrors are asked before the registry, with their own names and credentials', () => {
  const found = endpointsOf(parseReference('busybox'), settings);
  assert.deepEqual(
    found.map(({ host, scheme, repository, account, isMirror }) => [host, scheme, repository, account, isMirror]),
    [
      ['mirror.example', 'https', 'hub/library/busybox', 'mirror.example', true],
      ['cache.lan:5000', 'http', 'library/busybox', 'cache.lan:5000', true],
      ['registry-1.docker.io', 'https', 'library/busybox', 'https://index.docker.io/v1/', false],
    ],
  );
  assert.equal(endpointsOf(parseReference('ghcr.io/a/b'), settings).length, 1);
});

test('what people type for a registry is the account that Docker stores', () => {
  for (const server of ['', 'docker.io', 'index.docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io'])
    assert.equal(accountOf(server), 'https://index.docker.io/v1/');
  for (const server of ['ghcr.io', 'https://ghcr.io', 'https://GHCR.io/v2/', 'http://ghcr.io/'])
    assert.equal(accountOf(server), 'ghcr.io');
  assert.equal(registryOf(accountOf('')), 'docker.io');
  assert.equal(registryOf('ghcr.io'), 'ghcr.io');
});

test('settings: nothing is set without a file; a wrong one is named with its field', async (t) => {
  const file = join(await temporaryFolder(t), 'registries.json');
  assert.deepEqual(await readSettings(file), { mirrors: {}, insecure: [], plainHttp: [], caFiles: [] });
  for (const [text, field] of [
    ['{"insecure": "x"}', 'insecure'],
    ['{"mirrors": {"docker.io": ["mirror"]}}', 'mirrors.docker.io.0'],
    ['{"insecur": []}', 'insecur'],
    ['{', 'the file'],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(readSettings(file), (error: Error) => error.message.startsWith(`${file}: ${field}: `));
  }
});
