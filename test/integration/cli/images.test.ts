/** Commands on images, as a process: archives by files and pipes, what is told, and exit codes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { EngineError } from '../../../app/base/error.ts';
import type { CheckReport, Removed } from '../../../app/contract/index.ts';
import { command, type CommandOptions, type Outcome } from '../../support/berth.ts';
import { busyApi } from '../../support/busy-api.ts';
import { fakeHost, nodeArguments, type FakeApi, type FakeHost } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { terminal } from '../../support/terminal.ts';

const archive = Buffer.alloc(3_000_000, 'archive ');

type Run = (args: readonly string[], options?: CommandOptions) => Promise<Outcome>;

async function onHost(t: TestContext, api: (host: () => FakeHost) => FakeApi): Promise<Run> {
  const host: FakeHost = await fakeHost(
    t,
    api(() => host),
  );
  return (args, options) => command(process.execPath, nodeArguments(...args), { ...options, env: host.env });
}

/** A host that saves the archive, or half of it. */
const saving =
  (whole: boolean) =>
  (host: () => FakeHost): FakeApi => ({
    images: {
      save: () =>
        Promise.resolve({
          stream: host().offer((stream) => void stream.resume().end(whole ? archive : archive.subarray(0, 1_000_000))),
        }),
      saved: () =>
        whole ? Promise.resolve({}) : Promise.reject(new EngineError('corrupt-content', 'The content x is damaged.')),
    },
  });

test('save writes a file that appears when it is whole, or the standard output', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'a.tar');
  const run = await onHost(t, saving(true));
  assert.deepEqual(await run(['save', '-o', file, 'app']), { code: 0, stdout: '', stderr: '' });
  assert.ok(readFileSync(file).equals(archive));
  assert.equal((await run(['save', 'app'])).stdout, archive.toString());
  const broken = await onHost(t, saving(false));
  const failed = await broken(['image', 'save', 'app', '-o', join(folder, 'b.tar')]);
  assert.deepEqual([failed.code, failed.stderr.includes('x is damaged')], [1, true]);
  assert.equal((await broken(['save', 'app'])).code, 1);
  assert.deepEqual(readdirSync(folder), ['a.tar']);
});

test('load and import send what a file or a pipe holds', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'a.tar');
  writeFileSync(file, archive);
  const requests: unknown[] = [];
  // The call may come before the stream.
  let sent = Promise.withResolvers<Buffer>();
  const run = await onHost(t, (host) => ({
    images: {
      upload: () => {
        sent = Promise.withResolvers();
        const { resolve } = sent;
        const take = async (stream: Duplex): Promise<void> => {
          resolve(await buffer(stream));
          stream.end();
        };
        return Promise.resolve({ stream: host().offer((stream) => void take(stream)) });
      },
      load: async () => {
        assert.ok((await sent.promise).equals(archive));
        return [
          { id: 'sha256:1', references: ['a:1', 'a:2'] },
          { id: 'sha256:2', references: [] },
        ];
      },
      import: async ({ reference, changes, message, platform }) => {
        requests.push({ reference, changes, message, platform });
        return { id: `sha256:${(await sent.promise).length}` };
      },
    },
  }));
  const loaded = 'Loaded image: a:1\nLoaded image: a:2\nLoaded image ID: sha256:2\n';
  assert.equal((await run(['load', '-i', file])).stdout, loaded);
  assert.equal((await run(['load'], { input: archive })).stdout, loaded);
  const flags = ['-c', 'CMD x', '--change', 'ENV a=b', '-m', 'hello', '--platform', 'linux/arm64'];
  assert.equal((await run(['import', ...flags, '-', 'root:1'], { input: archive })).stdout, 'sha256:3000000\n');
  assert.deepEqual(requests, [
    { reference: 'root:1', changes: ['CMD x', 'ENV a=b'], message: 'hello', platform: 'linux/arm64' },
  ]);
  const missing = await run(['load', '-i', join(folder, 'none')]);
  assert.match(missing.stderr, /none cannot be opened: there is no such file/);
});

test('a load that the host refuses ends with its reason, however much is still to be sent', async (t) => {
  const run = await onHost(t, (host) => ({
    images: {
      upload: () => Promise.resolve({ stream: host().offer((stream) => void stream.destroy()) }),
      load: () => Promise.reject(new EngineError('disk-full', 'The disk is full: a blob could not be stored.')),
    },
  }));
  const { code, stderr } = await run(['load'], { input: Buffer.alloc(20_000_000) });
  assert.deepEqual([code, stderr], [1, 'berth: The disk is full: a blob could not be stored.\n']);
});

test('no archive goes to or comes from a terminal', async (t) => {
  const host = await fakeHost(t, {});
  for (const [words, told] of [
    ['save app', /not for a terminal/],
    ['load', /standard input, which is a terminal/],
  ] as const) {
    const variables = Object.entries(host.env).map(([name, value]) => `${name}=${value}`);
    const args = [...variables, process.execPath, ...nodeArguments(...words.split(' '))];
    const shown = terminal('env', args, { rows: 24, columns: 200 });
    assert.equal(await shown.exited, 1);
    shown.seen(told);
  }
});

test('images are inspected without an engine, by their name alone', async (t) => {
  const stopped = new EngineError('engine-stopped', 'The machine default is not running.', { hint: 'Start it.' });
  const off = () => Promise.reject(stopped);
  const absent = new EngineError('no-such-image', 'There is no image.');
  const run = await onHost(t, () => ({
    ...busyApi,
    ...{ containers: { inspect: off }, volumes: { inspect: off }, networks: { list: off, inspect: off } },
    images: {
      inspect: (request, signal) =>
        request.reference === 'local/app'
          ? (busyApi.images?.inspect?.(request, signal) ?? Promise.reject(absent))
          : Promise.reject(absent),
    },
  }));
  assert.equal((await run(['inspect', '-f', '{{.Os}}', 'local/app'])).stdout, 'linux\n');
  assert.match((await run(['inspect', 'other'])).stderr, /The machine default is not running. — Start it/);
});

const removed: Removed = { untagged: ['a:1'], deleted: ['sha256:1'], reclaimedBytes: 1_500_000 };

test('what rmi and image prune did is told as Docker tells it', async (t) => {
  const asked: unknown[] = [];
  const run = await onHost(t, () => ({
    images: {
      remove: ({ reference }) =>
        reference === 'a'
          ? Promise.resolve(removed)
          : Promise.reject(new EngineError('no-such-image', 'There is none.')),
    },
    system: {
      prune: (request) => {
        asked.push(request);
        return Promise.resolve({ ...removed, containers: [], volumes: [] });
      },
    },
  }));
  assert.deepEqual(await run(['rmi', 'a', 'b']), {
    code: 1,
    stdout: 'Untagged: a:1\nDeleted: sha256:1\n',
    stderr: 'berth: There is none.\n',
  });
  assert.equal((await run(['rmi', '-f', 'b'])).code, 0);
  const filters = ['--filter', 'until=2026-01-02T00:00:00Z', '--filter', 'label=a=b', '--filter', 'label!=c'];
  const { stdout } = await run(['image', 'prune', '-af', ...filters]);
  assert.equal(stdout, 'Deleted Images:\nUntagged: a:1\nDeleted: sha256:1\n\nTotal reclaimed space: 1.5MB\n');
  const untilMs = Date.parse('2026-01-02T00:00:00Z');
  const limits = { untilMs, labels: ['a=b'], withoutLabels: ['c'] };
  assert.deepEqual(asked, [{ containers: false, volumes: 'none', images: 'all', ...limits }]);
  assert.equal((await run(['image', 'prune'])).code, 1, 'nobody can be asked');
});

test('a check with findings tells them, with the next step, and ends with 1', async (t) => {
  const finding = { place: 'host', kind: 'blob', id: 'sha256:1', problem: 'it is missing', repaired: false } as const;
  const report: CheckReport = {
    ...{ blobs: 3, layers: 1, images: 1, guests: [{ machine: 'work', layers: 2 }] },
    findings: [
      { ...finding, images: ['a:1'], next: 'Then get a:1 again.' },
      { ...finding, kind: 'layer', place: 'work', images: [], repaired: true, next: '' },
    ],
  };
  const run = await onHost(t, () => ({ system: { check: () => Promise.resolve(report) } }));
  assert.deepEqual(await run(['system', 'check']), {
    code: 1,
    stdout: `Checked 1 images, 3 blobs and 1 layers on this host; 2 layers in the machine work; 2 findings:
- blob sha256:1 (needed by a:1): it is missing.
  Then get a:1 again.
- layer sha256:1 in the machine work: it is missing. It was removed.
`,
    stderr: '',
  });
  assert.deepEqual(JSON.parse((await run(['system', 'check', '--format', 'json'])).stdout), report);
});
