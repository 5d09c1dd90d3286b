/** A user's way through a registry of TLS with passwords kept by a credential helper, and where the password is not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificate } from '../support/certificate.ts';
import { startRegistry } from '../support/images/registry.ts';
import { ownHome } from '../support/own-home.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const isRoot = process.getuid?.() === 0;
const password = 's3cret-w0rd';
/** Of that password, by bcrypt at its lowest cost. */
const htpasswd = 'ada:$2b$04$abcdefghijklmnopqrstuujow3VRI0PJx83BZTXcVtSxGO5TpkK8W\n';
const secrets = [password, Buffer.from(`ada:${password}`).toString('base64')];
const MIB = 2 ** 20;

/** A helper that keeps what it is given in a file for each server. */
const helper = (kept: string): string => `#!${process.execPath}
const fs = require('node:fs');
const input = fs.readFileSync(0, 'utf8').trim();
const file = (server) => ${JSON.stringify(kept)} + '/' + encodeURIComponent(server);
const [action] = process.argv.slice(2);
if (action === 'store') fs.writeFileSync(file(JSON.parse(input).ServerURL), input);
else if (!fs.existsSync(file(input))) { console.log('credentials not found in native keychain'); process.exit(1); }
else if (action === 'erase') fs.rmSync(file(input));
else console.log(fs.readFileSync(file(input), 'utf8'));
`;

/** Whether any of the texts is in the memory of a process, a guest's RAM included. */
async function inMemory(pid: number, texts: readonly string[]): Promise<boolean> {
  const memory = await open(`/proc/${pid}/mem`);
  const buffer = Buffer.alloc(16 * MIB);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
      for (let at = parseInt(from, 16); at < parseInt(to, 16); at += buffer.length - 100) {
        const size = Math.min(buffer.length, parseInt(to, 16) - at);
        const { bytesRead } = await memory.read(buffer, 0, size, at).catch(() => ({ bytesRead: 0 }));
        if (texts.some((text) => buffer.subarray(0, bytesRead).includes(text))) return true;
      }
    }
  } finally {
    await memory.close();
  }
  return false;
}

/** Whether any of the texts is in a file. */
function inFile(path: string, texts: readonly string[]): boolean {
  const patterns = texts.flatMap((text) => ['-e', text]);
  return spawnSync('grep', ['-q', '-a', '-F', ...patterns, path]).status === 0;
}

test(
  'login, push, pull, run and logout by a credential helper; no secret reaches the guest',
  { skip: !isRoot },
  async (t) => {
    const folder = await temporaryFolder(t);
    const { cert, key } = await certificate(folder, 'IP:127.0.0.1');
    const kept = join(folder, 'kept');
    await writeFile(join(folder, 'htpasswd'), htpasswd);
    const registry = await startRegistry(t, {
      empty: true,
      env: {
        REGISTRY_AUTH: 'htpasswd',
        REGISTRY_AUTH_HTPASSWD_REALM: 'test',
        REGISTRY_AUTH_HTPASSWD_PATH: join(folder, 'htpasswd'),
        REGISTRY_HTTP_TLS_CERTIFICATE: cert,
        REGISTRY_HTTP_TLS_KEY: key,
      },
    });
    for (const name of ['bin', 'docker', 'kept']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'bin/docker-credential-test'), helper(kept));
    await chmod(join(folder, 'bin/docker-credential-test'), 0o755);
    await writeFile(join(folder, 'docker/config.json'), JSON.stringify({ credsStore: 'test' }));
    const PATH = `${join(folder, 'bin')}:${process.env.PATH ?? ''}`;
    const home = await ownHome(t, { PATH, DOCKER_CONFIG: join(folder, 'docker') });
    await home.ok(['machine', 'set', '--memory', '768m', '--disk', '1g']);
    await home.ok(['start', '-q']);
    await writeFile(join(home.path, 'data/registries.json'), JSON.stringify({ caFiles: [cert] }));

    const image = `${registry.address}/team/box:1`;
    await home.ok(['tag', 'busybox', image]);
    await home.refused(['push', '-q', image], 1, /401.*berth login/s);
    const login = ['login', '-u', 'ada', '--password-stdin', registry.address];
    assert.notEqual((await home.berth(login, { input: 'wrong' })).code, 0);
    assert.match(await home.ok(login, { input: password }), /Login Succeeded/);
    const stored = join(kept, encodeURIComponent(registry.address));
    assert.match(readFileSync(stored, 'utf8'), new RegExp(password));
    assert.doesNotMatch(readFileSync(join(folder, 'docker/config.json'), 'utf8'), new RegExp(password));
    await home.ok(['push', '-q', image]);
    await home.ok(['rmi', image]);
    await home.ok(['pull', '-q', image]);
    const canary = 'c4nary-in-the-guest';
    const script = 'echo $WORD >/file; sync; sleep 600';
    await home.ok(['run', '-d', '-e', `WORD=${canary}`, image, 'sh', '-c', script]);
    await home.ok(['ssh', '--', 'sync']);

    const { pid } = JSON.parse(await home.ok(['status', '--format', 'json'])) as { pid: number };
    const disk = join(home.path, 'data/machines/default/data.raw');
    // What is in the guest is found by the same search.
    assert.equal(inFile(disk, [canary]), true);
    assert.equal(await inMemory(pid, [canary]), true);
    assert.equal(inFile(disk, secrets), false);
    assert.equal(await inMemory(pid, secrets), false);

    await home.ok(['logout', registry.address]);
    assert.equal(existsSync(stored), false);
    await home.refused(['push', '-q', image], 1, /401.*berth login/s);
  },
);
