/** Pull, push, login, and the image that run lacks, by the real command. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { EngineError } from '../../../app/base/error.ts';
import type { LoginParams, PullParams } from '../../../app/contract/index.ts';
import { command } from '../../support/berth.ts';
import type { FakeApi, FakeHost } from '../../support/cli.ts';
import { fakeHost, nodeArguments, runningEngine } from '../../support/cli.ts';
import { terminal } from '../../support/terminal.ts';

interface Test {
  after(fn: () => Promise<void>): void;
}

const digest = `sha256:${'d'.repeat(64)}`;
const layer = `sha256:${'a'.repeat(64)}`;
const berth = (host: FakeHost, ...args: string[]) =>
  command(process.execPath, nodeArguments(...args), { env: host.env });

/** A host whose pulls bring one layer. */
async function pulling(t: Test, more: FakeApi = {}): Promise<{ host: FakeHost; pulls: PullParams[] }> {
  const pulls: PullParams[] = [];
  const host: FakeHost = await fakeHost(t, {
    engine: runningEngine,
    images: {
      pull: (params) => {
        pulls.push(params);
        const { reference, transfer = '' } = params;
        const event = { kind: 'transfer' as const, direction: 'pull' as const, reference, digest: layer, detail: '' };
        host.emit({ ...event, transfer: 'of another', state: 'retrying', doneBytes: 0, totalBytes: 9 });
        host.emit({ ...event, transfer, state: 'moving', doneBytes: 1, totalBytes: 9 });
        host.emit({ ...event, transfer, state: 'done', doneBytes: 9, totalBytes: 9 });
        return Promise.resolve({ reference, digest, upToDate: false });
      },
    },
    ...more,
  });
  return { host, pulls };
}

describe('pull', () => {
  it('shows its own layers on stderr, and what it got as Docker does', async (t) => {
    const { host, pulls } = await pulling(t);
    const { code, stdout, stderr } = await berth(host, 'pull', '--platform', 'linux/arm64', 'app:1');
    assert.equal(stderr, 'aaaaaaaaaaaa: Downloading\naaaaaaaaaaaa: Download complete\n');
    assert.equal(stdout, `Digest: ${digest}\nStatus: Downloaded newer image for app:1\napp:1\n`);
    assert.equal(code, 0);
    assert.deepEqual(
      [pulls[0]?.reference, pulls[0]?.platform, pulls[0]?.allPlatforms],
      ['app:1', 'linux/arm64', false],
    );
  });
  it('-q prints the name alone', async (t) => {
    const { host } = await pulling(t);
    const { stdout, stderr } = await berth(host, 'image', 'pull', '-q', 'app');
    assert.deepEqual([stdout, stderr], ['app\n', '']);
  });
});

it('push tells what is left out', async (t) => {
  const push = () => Promise.resolve({ reference: 'app:1', digest, sizeBytes: 500, leftOut: ['linux/arm64'] });
  const host = await fakeHost(t, { images: { push } });
  const { stdout, stderr } = await berth(host, 'push', 'app:1');
  assert.equal(stdout, `app:1: digest: ${digest} size: 500\n`);
  assert.match(stderr, /^warning: not here, and left out.*linux\/arm64$/m);
});

describe('the image that run lacks', () => {
  const missing = new EngineError('no-such-image', 'There is no image app here.', { hint: 'Fetch it.' });
  const create = (until: () => boolean) => ({
    create: () => (until() ? Promise.resolve({ id: 'c1', name: 'c1', warnings: [] }) : Promise.reject(missing)),
  });
  const table: [policy: string[], isThere: boolean, pulls: number, code: number][] = [
    [[], false, 1, 0],
    [['--pull', 'missing'], false, 1, 0],
    [['--pull', 'never'], false, 0, 125],
    [[], true, 0, 0],
    [['--pull', 'always'], true, 1, 0],
  ];
  for (const [policy, isThere, count, code] of table)
    it(`create ${policy.join(' ')} where it is ${isThere ? '' : 'not '}there: ${count} pulls`, async (t) => {
      const made: Awaited<ReturnType<typeof pulling>> = await pulling(t, {
        containers: create(() => isThere || made.pulls.length > 0),
      });
      const outcome = await berth(made.host, 'create', ...policy, 'app');
      assert.equal(outcome.code, code, outcome.stderr);
      assert.equal(made.pulls.length, count);
      assert.equal(outcome.stdout, code === 0 ? 'c1\n' : '');
      if (count > 0) assert.match(outcome.stderr, /Downloading/);
    });
  it('tells both when it cannot be fetched', async (t) => {
    const pull = () => Promise.reject(new EngineError('unreachable', 'No answer from x.', { hint: 'Look.' }));
    const host = await fakeHost(t, { engine: runningEngine, images: { pull }, containers: create(() => false) });
    const { code, stderr } = await berth(host, 'create', 'app');
    assert.equal(stderr, 'berth: There is no image app here, and fetching it failed: No answer from x. — Look.\n');
    assert.equal(code, 125);
  });
});

describe('login', () => {
  async function told(t: Test): Promise<{ host: FakeHost; logins: LoginParams[] }> {
    const logins: LoginParams[] = [];
    const login = (params: LoginParams) => {
      logins.push(params);
      return Promise.resolve({ serverAddress: 'reg.example', storedIn: 'docker-credential-x' });
    };
    const logout = () => Promise.resolve({ serverAddress: 'reg.example', removed: true });
    return { host: await fakeHost(t, { images: { login, logout } }), logins };
  }
  const wanted = { serverAddress: 'reg.example', username: 'ada', password: 's3cret w0rd' };

  it('takes the password from a pipe, and logout forgets it', async (t) => {
    const { host, logins } = await told(t);
    const args = nodeArguments('login', '-u', 'ada', '--password-stdin', 'reg.example');
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...host.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end('s3cret w0rd\n');
    const printed: string[] = [];
    for await (const piece of child.stdout.setEncoding('utf8')) printed.push(String(piece));
    assert.deepEqual(logins, [wanted]);
    assert.equal(printed.join(''), 'Login Succeeded: reg.example\n');
    assert.equal((await berth(host, 'logout', 'reg.example')).stdout, 'Removed the credentials for reg.example\n');
  });

  const python = spawnSync('python3', ['-c', 'import pty']).status === 0;
  const skip = python ? false : 'python3 with its pty module is needed for a pseudo-terminal';
  it('asks a person, and does not show what is typed', { skip }, async (t) => {
    const { host, logins } = await told(t);
    const variables = Object.entries(host.env).map(([name, value]) => `${name}=${value}`);
    const shown = terminal('env', [...variables, process.execPath, ...nodeArguments('login', 'reg.example')], {
      rows: 24,
      columns: 80,
    });
    t.after(() => {
      shown.kill();
      return Promise.resolve();
    });
    await shown.seen(/Username: /);
    shown.type('ada\r');
    await shown.seen(/Password: /);
    shown.type('s3cret w0rX\x7fd\r');
    await shown.seen(/^(?![^]*s3c)[^]*Login Succeeded: reg\.example/);
    assert.equal(await shown.exited, 0);
    assert.deepEqual(logins, [wanted]);
  });
});
