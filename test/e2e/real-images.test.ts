/** Images of real programs: pulled, run as their users run them, and what they keep outlives the virtual machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../../vm-images/run.ts';
import { berth, ok } from '../support/berth.ts';
import type { TestImageName } from '../support/images/recipes.ts';
import { testImages } from '../support/images/recipes.ts';
import { startRegistry } from '../support/images/registry.ts';
import { ownHome } from '../support/own-home.ts';
import { until } from '../support/until.ts';

const names = Object.keys(testImages) as TestImageName[];
const registry = await startRegistry({ after: (fn) => after(fn) });
const nameOf = (name: TestImageName): string => `${registry.address}/${name}`;

/** Starts a container in the background, removed with its volumes when the test is over. */
async function started(
  t: { after(fn: () => Promise<unknown>): void },
  image: TestImageName,
  ...flags: string[]
): Promise<string> {
  const id = await ok(['run', '-d', ...flags, nameOf(image)]);
  t.after(() => berth(['rm', '-f', '-v', id]));
  return id;
}

async function published(id: string, port: string): Promise<number> {
  return Number((await ok(['port', id, port])).split('\n')[0]?.split(':').at(-1));
}

/** What skopeo reads of an image of a registry. */
async function skopeo<T>(reference: string, ...args: string[]): Promise<T> {
  const words = ['inspect', '--tls-verify=false', ...args, `docker://${reference}:latest`];
  return JSON.parse((await run('skopeo', words)).toString()) as T;
}

interface Inspected {
  readonly Id: string;
  readonly RepoDigests: string[];
  readonly Config: Record<string, unknown>;
  readonly RootFS: { readonly Layers: string[] };
}

test('each is pulled, and is what skopeo says', async () => {
  for (const name of names) {
    const pulled = await ok(['pull', nameOf(name)]);
    const { Digest } = await skopeo<{ Digest: string }>(nameOf(name));
    assert.match(
      pulled,
      new RegExp(`^Digest: ${Digest}\nStatus: Downloaded newer image for ${nameOf(name)}:latest$`, 'm'),
    );
    type Config = { config: object; rootfs: { diff_ids: string[] } };
    const theirs = await skopeo<Config>(nameOf(name), '--config');
    const [ours] = JSON.parse(await ok(['image', 'inspect', nameOf(name)])) as [Inspected];
    assert.deepEqual(ours.RepoDigests, [`${nameOf(name)}@${Digest}`]);
    for (const [key, value] of Object.entries(theirs.config))
      assert.deepEqual(ours.Config[key], value, `${name}: ${key}`);
    assert.deepEqual(ours.RootFS.Layers, theirs.rootfs.diff_ids);
  }
});

test('each is pushed to another registry and pulled back elsewhere: the same digests', async (t) => {
  const other = await startRegistry(t, { empty: true });
  const elsewhere = await ownHome(t);
  for (const name of names) {
    const moved = `${other.address}/${name}`;
    await ok(['tag', nameOf(name), moved]);
    await ok(['push', '-q', moved]);
    await ok(['rmi', moved]);
    const { Digest } = await skopeo<{ Digest: string }>(nameOf(name));
    assert.equal((await skopeo<{ Digest: string }>(moved)).Digest, Digest);
    await elsewhere.ok(['pull', '-q', moved]);
    const [theirs] = JSON.parse(await elsewhere.ok(['image', 'inspect', moved])) as [Inspected];
    assert.deepEqual(theirs.RepoDigests, [`${moved}@${Digest}`]);
    assert.equal(theirs.Id, await ok(['image', 'inspect', '-f', '{{.Id}}', nameOf(name)]));
  }
  assert.match(await elsewhere.ok(['system', 'check']), /all is well/);
});

test('a minimal Debian: owners, modes and links are those of its packages, and its tools run', async () => {
  const script = `stat -c '%n %A %U:%G' /tmp /root /usr/bin/passwd /usr/bin/chage /var/tmp /bin
    readlink /bin; . /etc/os-release; echo "$ID $VERSION_CODENAME"; dpkg-query -W -f '\${Status}\\n' bash
    apt-get --version | cut -d' ' -f1 | head -1; cat /etc/apt/sources.list.d/debian.sources | head -1
    ls -l /usr/bin | awk '{ print $3, $4 }' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2, $3 }'`;
  const lines = (await ok(['run', '--rm', nameOf('debian'), 'sh', '-c', script])).split('\n');
  assert.deepEqual(lines, [
    '/tmp drwxrwxrwt root:root',
    '/root drwx------ root:root',
    '/usr/bin/passwd -rwsr-xr-x root:root',
    '/usr/bin/chage -rwxr-sr-x root:shadow',
    '/var/tmp drwxrwxrwt root:root',
    '/bin lrwxrwxrwx root:root',
    'usr/bin',
    'debian trixie',
    'install ok installed',
    'apt',
    'Types: deb',
    'root root',
  ]);
});

test('python runs a script of a folder of the host, and writes there', async () => {
  const folder = join(process.env.BERTH_HOME ?? '', 'shares', 'python');
  await mkdir(folder, { recursive: true });
  const script = `import json, sqlite3, sys, zlib
name = open('/project/name').read().strip()
base = sqlite3.connect('/project/out.db'); base.execute('create table t (x)'); base.execute('insert into t values (?)', (name,)); base.commit()
print(json.dumps([name, sys.version_info[0], zlib.decompress(zlib.compress(b'packed')).decode()]))
`;
  await writeFile(join(folder, 'script.py'), script);
  await writeFile(join(folder, 'name'), 'größe\n');
  const output = await ok([
    'run',
    '--rm',
    '-v',
    `${folder}:/project`,
    nameOf('python'),
    'python3',
    '/project/script.py',
  ]);
  assert.deepEqual(JSON.parse(output), ['größe', 3, 'packed']);
  assert.match(await readFile(join(folder, 'out.db'), 'latin1'), /^SQLite format 3/);
});

test('nginx answers over -p, logs it, and stops by its own signal', async (t) => {
  const id = await started(t, 'nginx', '-p', '0:80');
  const port = await published(id, '80/tcp');
  const page = await until('nginx answers', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    return answer?.ok ? answer.text() : undefined;
  });
  assert.match(page, /Welcome to nginx!/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/none`)).status, 404);
  await until('the log', async () => /"GET \/none HTTP\/1.1" 404/.test(await ok(['logs', id])));
  await ok(['stop', id]);
  assert.equal(await ok(['inspect', '--format', '{{.State.ExitCode}}', id]), '0');
});

test('redis takes SET and GET over -p, as its own user, and keeps its data in the volume', async (t) => {
  const id = await started(t, 'redis', '-p', '0:6379');
  const port = await published(id, '6379/tcp');
  assert.equal(await until('redis answers', () => redis(port, 'PING').catch(() => undefined)), '+PONG\r\n');
  assert.equal(await redis(port, 'SET greeting grüße'), '+OK\r\n');
  assert.equal(await redis(port, 'GET greeting'), '$7\r\ngrüße\r\n');
  assert.equal(await ok(['exec', id, 'id', '-un']), 'redis');
  assert.equal(await redis(port, 'SAVE'), '+OK\r\n');
  assert.equal(await ok(['exec', id, 'stat', '-c', '%U:%G', '/data/dump.rdb']), 'redis:redis');
  await ok(['restart', id]);
  const again = await published(id, '6379/tcp');
  const kept = () => redis(again, 'GET greeting').catch(() => undefined);
  assert.equal(await until('redis answers again', kept), '$7\r\ngrüße\r\n');
});

/** Sends one command and answers what comes back first. */
async function redis(port: number, words: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(`${words}\r\n`);
    const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    return data.toString();
  } finally {
    socket.destroy();
  }
}

test(
  'postgres makes a database in a named volume and has it after a restart of the machine',
  { timeout: 400_000 },
  async (t) => {
    const flags = ['--name', 'pg', '-v', 'pgdata:/var/lib/postgresql/data', '-e', 'POSTGRES_PASSWORD=secret'];
    const id = await started(t, 'postgres', ...flags);
    t.after(() => berth(['volume', 'rm', '-f', 'pgdata']));
    const psql = async (sql: string): Promise<string | undefined> => {
      const outcome = await berth(['exec', '-u', 'postgres', id, 'psql', '-U', 'postgres', '-qtAc', sql]);
      return outcome.code === 0 ? outcome.stdout.trim() : undefined;
    };
    await until('postgres is ready', async () => (await psql('select 1')) === '1', 180_000);
    assert.equal(await psql("create table kept (x text); insert into kept values ('größe')"), '');
    assert.equal(await ok(['exec', id, 'stat', '-c', '%U %a', '/var/lib/postgresql/data']), 'postgres 700');
    await ok(['stop']);
    await ok(['start'], { limitMs: 240_000 });
    await ok(['start', id]);
    const kept = await until('postgres is ready again', () => psql('select x from kept'), 120_000);
    assert.equal(kept, 'größe');
    assert.doesNotMatch((await berth(['logs', id])).stderr, /not properly shut down/);
  },
);
