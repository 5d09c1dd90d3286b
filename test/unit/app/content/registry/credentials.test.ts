import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { Credentials } from '../../../../../app/content/registry/credentials.ts';
import { credentialIn, helperFor } from '../../../../../app/content/registry/docker-config.ts';
import { CredentialHelper } from '../../../../../app/content/registry/credential-helper.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const HUB = 'https://index.docker.io/v1/';
const auth = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64');
const entry = (fields: object) => ({ auth: '', username: '', password: '', identitytoken: '', ...fields });
const config = {
  auths: {
    [HUB]: entry({ auth: auth('ada', 'hub:with:colons') }),
    'https://old.example/v1/': entry({ auth: auth('bea', 'x\0\0') }),
    'token.example': entry({ identitytoken: 'refresh' }),
    'plain.example': entry({ username: 'cleo', password: 'p' }),
    'empty.example': entry({}),
  },
  credsStore: 'desktop',
  credHelpers: { 'gcr.example': 'gcloud', 'https://other.example': 'pass' },
};

describe('credentials in the file', () => {
  const table: [account: string, expected: object | undefined][] = [
    [HUB, { username: 'ada', password: 'hub:with:colons', identityToken: '' }],
    ['old.example', { username: 'bea', password: 'x', identityToken: '' }],
    ['token.example', { username: '', password: '', identityToken: 'refresh' }],
    ['plain.example', { username: 'cleo', password: 'p', identityToken: '' }],
    ['empty.example', undefined],
    ['unknown.example', undefined],
  ];
  for (const [account, expected] of table)
    test(account, () => assert.deepEqual(credentialIn(config, account), expected));
});

test('a helper of its own goes before the common one', () => {
  assert.equal(helperFor(config, 'gcr.example'), 'gcloud');
  assert.equal(helperFor(config, 'other.example'), 'pass');
  assert.equal(helperFor(config, HUB), 'desktop');
  assert.equal(helperFor({ ...config, credsStore: '' }, HUB), undefined);
});

interface Test {
  after(fn: () => Promise<void>): void;
}

/** A helper that keeps what it is told in a file beside it. */
const keeper = `#!/bin/sh
store="$(dirname "$0")/kept"
case "$1" in
  store) cat > "$store" ;;
  get) account=$(cat); if grep -qs "\\"$account\\"" "$store"; then cat "$store"; else echo "credentials not found in native keychain"; exit 1; fi ;;
  erase) rm "$store" ;;
esac
`;

async function home(t: Test, text: string, helpers: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder(t);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, script] of Object.entries(helpers)) {
    await writeFile(join(bin, `docker-credential-${name}`), script);
    await chmod(join(bin, `docker-credential-${name}`), 0o755);
  }
  const file = join(folder, 'docker', 'config.json');
  await mkdir(join(folder, 'docker'));
  if (text !== '') await writeFile(file, text);
  const host = { os: 'linux' as const, path: [bin, process.env['PATH']].join(delimiter) };
  return { file, bin, host, credentials: new Credentials(file, host) };
}

const ada = { username: 'ada', password: 's3cret', identityToken: '' };

test('without a helper they go to the file, which is for the user alone and keeps all else', async (t) => {
  const before = {
    auths: { 'x.example': { auth: 'eDp5', email: 'x@y' } },
    HttpHeaders: { A: '1' },
    proxies: { n: [1] },
  };
  const { file, credentials } = await home(t, JSON.stringify(before));
  await chmod(file, 0o644);
  assert.equal(await credentials.store('reg.example', ada), file);
  assert.deepEqual(await credentials.find('reg.example'), ada);
  const { mode } = await stat(file);
  assert.equal(mode & 0o777, 0o600);
  const after = JSON.parse(await readFile(file, 'utf8')) as typeof before;
  assert.deepEqual(after, { ...before, auths: { ...before.auths, 'reg.example': { auth: auth('ada', 's3cret') } } });
  assert.equal(await credentials.erase('reg.example'), true);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), before);
  assert.equal(await credentials.erase('reg.example'), false);
});

test('a new file is made; a link to the file stays one', async (t) => {
  const fresh = await home(t, '');
  await fresh.credentials.store(HUB, { ...ada, identityToken: 'refresh' });
  assert.deepEqual(await fresh.credentials.find(HUB), { ...ada, identityToken: 'refresh' });
  const linked = await home(t, '');
  await writeFile(join(linked.bin, 'real.json'), '{}');
  await symlink(join(linked.bin, 'real.json'), linked.file);
  await linked.credentials.store(HUB, ada);
  assert.equal(await readlink(linked.file), join(linked.bin, 'real.json'));
  assert.match(await readFile(join(linked.bin, 'real.json'), 'utf8'), /auths/);
});

test('a damaged file is told, never written over, and its secrets are not shown', async (t) => {
  for (const text of ['{"auths": {"a": {"auth": "c2VjcmV0"', '{"auths": {"a": {"auth": ["c2VjcmV0"]}}}']) {
    const { file, credentials } = await home(t, text);
    for (const call of [() => credentials.find('a'), () => credentials.store('a', ada), () => credentials.erase('a')])
      await assert.rejects(
        call(),
        (error: Error) => error.message.startsWith(file) && !error.message.includes('c2VjcmV0'),
      );
    assert.equal(await readFile(file, 'utf8'), text);
  }
});

test('a helper keeps the secret: the file has only the mark that Docker makes', async (t) => {
  const { file, bin, credentials } = await home(t, '{"credsStore": "keeper"}', { keeper });
  assert.equal(await credentials.find('reg.example'), undefined);
  assert.equal(await credentials.store('reg.example', ada), 'docker-credential-keeper');
  assert.deepEqual(await credentials.find('reg.example'), ada);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { credsStore: 'keeper', auths: { 'reg.example': {} } });
  assert.doesNotMatch(await readFile(file, 'utf8'), /s3cret/);
  assert.match(await readFile(join(bin, 'kept'), 'utf8'), /s3cret/);
  assert.equal(await credentials.erase('reg.example'), true);
  assert.equal(await credentials.find('reg.example'), undefined);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { credsStore: 'keeper', auths: {} });
});

test('an identity token travels as the user <token>', async (t) => {
  const { credentials } = await home(t, '{"credHelpers": {"reg.example": "keeper"}}', { keeper });
  await credentials.store('reg.example', { username: 'ada', password: '', identityToken: 'refresh' });
  assert.deepEqual(await credentials.find('reg.example'), { username: '', password: '', identityToken: 'refresh' });
});

test('a helper that is missing, fails, hangs or babbles is named', async (t) => {
  const { host } = await home(t, '', {
    broken: '#!/bin/sh\necho "the key store is locked"; exit 3\n',
    slow: '#!/bin/sh\nexec sleep 30\n',
    babbling: '#!/bin/sh\necho hello\n',
  });
  const table: [name: string, code: string, message: RegExp][] = [
    ['nowhere', 'no-such-path', /docker-credential-nowhere is not installed/],
    ['broken', 'operation-failed', /docker-credential-broken failed to get: the key store is locked/],
    ['slow', 'timeout', /docker-credential-slow did not get within 0\.3 s/],
    ['babbling', 'operation-failed', /docker-credential-babbling failed to get: its answer cannot be read/],
  ];
  for (const [name, code, message] of table)
    await assert.rejects(
      new CredentialHelper(name, name === 'slow' ? { ...host, limit: 300 } : host).get('reg.example'),
      { code, message },
    );
});
