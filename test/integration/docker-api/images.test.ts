/** Images by way of the socket, as Docker's clients ask for them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import Docker from 'dockerode';
import { openStore } from '../../../app/content/store.ts';
import { dockerStack } from '../../support/docker-stack.ts';
import { makeOciLayout } from '../../support/oci-layout.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface Line {
  readonly status?: string;
  readonly stream?: string;
  readonly id?: string;
  readonly error?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

async function stack(t: TestContext) {
  const made = await dockerStack(t);
  return { ...made, docker: new Docker({ socketPath: made.socketPath }) };
}

const linesOf = async (stream: NodeJS.ReadableStream): Promise<Line[]> =>
  (await text(stream))
    .trim()
    .split('\r\n')
    .map((line) => JSON.parse(line) as Line);

/** An archive of one image with a layer of as many bytes, made by another store. */
async function archive(t: TestContext, bytes: number) {
  const folder = await temporaryFolder(t);
  const layout = join(folder, 'layout');
  const made = makeOciLayout(layout, [[{ path: 'data', data: randomBytes(bytes) }]], {}, { compression: 'none' });
  using store = await openStore(join(folder, 'store'));
  await store.load(layout, { reference: 'team/app:1' });
  return { ...made, bytes: await buffer(store.save(['team/app:1'])) };
}

test('a load tells each layer that comes, then the names; what is here already, and quiet, tell names alone', async (t) => {
  const { docker } = await stack(t);
  const { bytes, layers } = await archive(t, 3_000_000);
  const load = async (options: object) => linesOf(await docker.loadImage(Readable.from(bytes), options));
  const named = { stream: 'Loaded image: team/app:1\n' };
  assert.deepEqual(await load({ quiet: true }), [named]);
  await docker.getImage('team/app:1').remove();
  const lines = await load({});
  assert.deepEqual(lines.at(-1), named);
  const loading = lines.slice(0, -1);
  const id = layers[0]?.digest.slice('sha256:'.length).slice(0, 12);
  assert.ok(loading.every((line) => line.status === 'Loading layer' && line.id === id));
  const figures = loading.map(({ progressDetail }) => progressDetail?.current ?? 0);
  assert.deepEqual(
    figures,
    figures.toSorted((a, b) => a - b),
  );
  const total = loading[0]?.progressDetail?.total ?? 0;
  assert.ok(total > 3_000_000);
  assert.deepEqual(loading.at(-1)?.progressDetail, { current: total, total });
  assert.deepEqual(await load({}), [named]);
});

test('a load that fails says so in a line, as its status has gone out', async (t) => {
  const { docker } = await stack(t);
  const { bytes } = await archive(t, 200_000);
  const [first] = await linesOf(await docker.loadImage(Readable.from([Buffer.from('no archive')])));
  assert.match(first?.error ?? '', /holds no images/);
  const cut = await linesOf(await docker.loadImage(Readable.from(bytes.subarray(0, 150_000))));
  assert.match(cut.at(-1)?.error ?? '', /holds no images/);
  assert.equal((await docker.listImages()).length, 1);
});

/** `multi:1` for two platforms and `other:1`, which has the lower layer of the first. */
async function withPlatforms(t: TestContext) {
  const made = await stack(t);
  const folder = await temporaryFolder(t);
  const base = [{ path: 'base', data: randomBytes(50_000) }];
  const top = [{ path: 'top', data: randomBytes(20_000) }];
  const layout = join(folder, 'multi');
  const amd = makeOciLayout(layout, [base, top], {}, { compression: 'none', architecture: 'amd64' });
  const arm = makeOciLayout(layout, [top], {}, { compression: 'none', architecture: 'arm64' });
  await made.client.api.images.importLayout({ path: layout, reference: 'multi:1' });
  const other = join(folder, 'other');
  const lower = makeOciLayout(other, [base], { Cmd: ['other'] }, { compression: 'none' });
  await made.client.api.images.importLayout({ path: other, reference: 'other:1' });
  return { ...made, amd, arm, lower };
}

interface Row {
  readonly Id: string;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Manifests?: readonly Manifest[];
}

interface Manifest {
  readonly ID: string;
  readonly Available: boolean;
  readonly Kind: string;
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly ImageData: { readonly Platform: { readonly architecture: string }; readonly Containers: readonly string[] };
}

async function get(socketPath: string, path: string): Promise<{ status: number; body: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ socketPath, path }, resolve).once('error', reject).end();
  const answer = await promise;
  return { status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) };
}

const rowsOf = async (socketPath: string, path: string) => (await get(socketPath, path)).body as Row[];
const rowOf = async (socketPath: string, path: string) => (await get(socketPath, path)).body as Row;

test('sizes that images share are counted, and layers once', async (t) => {
  const { socketPath, amd, lower } = await withPlatforms(t);
  const rows = await rowsOf(socketPath, '/images/json?shared-size=1');
  const [whole, other] = [amd, lower].map(({ configDigest }) => rows.find(({ Id }) => Id === configDigest));
  assert.ok(whole && other);
  // Its upper layer is the other platform's, too.
  assert.deepEqual([whole.SharedSize, other.SharedSize], [whole.Size, other.Size]);
  assert.ok(other.Size > 50_000 && other.Size < whole.Size);
  assert.ok((await rowsOf(socketPath, '/images/json')).every((row) => row.SharedSize === -1));
  const { body } = await get(socketPath, '/v1.45/system/df');
  const use = body as { LayersSize: number; Images: Row[] };
  const tiny = use.Images.find((row) => row.SharedSize === 0)?.Size ?? 0;
  assert.ok(tiny > 0);
  assert.equal(use.LayersSize, whole.Size + tiny);
});

test('the manifests behind a name, with sizes, platforms and the containers made of them', async (t) => {
  const { docker, socketPath, amd, arm } = await withPlatforms(t);
  const { id } = await docker.createContainer({ Image: 'multi:1', Cmd: ['echo'] });
  const rows = await rowsOf(socketPath, '/images/json?manifests=1');
  const row = rows.find(({ Id }) => Id === amd.configDigest);
  assert.deepEqual(row?.Manifests?.map(({ ID }) => ID).toSorted(), [amd.manifestDigest, arm.manifestDigest].toSorted());
  assert.deepEqual((await rowOf(socketPath, '/images/multi:1/json?manifests=1')).Manifests, row.Manifests);
  const own = row.Manifests.find(({ ID }) => ID === amd.manifestDigest);
  assert.deepEqual([own?.Available, own?.Kind, own?.ImageData.Containers], [true, 'image', [id]]);
  assert.equal(own?.ImageData.Platform.architecture, 'amd64');
  assert.ok(own.Size.Content > 70_000 && own.Size.Total > own.Size.Content + 70_000);
  assert.equal((await rowsOf(socketPath, '/v1.46/images/json?manifests=1'))[0]?.Manifests, undefined);
});

const platform = (architecture: string): string => encodeURIComponent(JSON.stringify({ os: 'linux', architecture }));

test('a platform that the image has is looked at, saved, loaded and removed alone; another is refused', async (t) => {
  const { docker, socketPath, arm } = await withPlatforms(t);
  const missing = 'image with reference multi:1 was found but does not provide the specified platform (linux/riscv64)';
  const paths = [
    '/images/multi:1/json?platform=',
    '/images/multi:1/history?platform=',
    '/images/multi:1/get?platform=',
  ];
  for (const path of [...paths, '/images/get?names=multi:1&platform='])
    assert.deepEqual(await get(socketPath, path + platform('riscv64')), { status: 404, body: { message: missing } });
  const looked = `/images/multi:1/json?platform=${platform('arm64')}`;
  assert.equal((await rowOf(socketPath, looked)).Id, arm.configDigest);
  const both = `/images/multi:1/json?manifests=1&platform=${platform('arm64')}`;
  assert.equal((await get(socketPath, both)).status, 400);
  assert.equal((await get(socketPath, '/images/multi:1/json?platform={"os":"linux"}')).status, 400);

  const saved = await docker.getImage('multi:1').get();
  const whole = await buffer(saved);
  const remove = { platforms: JSON.stringify({ os: 'linux', architecture: 'arm64' }) };
  assert.deepEqual(await docker.getImage('multi:1').remove(remove), [{ Deleted: arm.configDigest }]);
  assert.equal((await get(socketPath, looked)).status, 404);
  await assert.rejects(docker.getImage('multi:1').remove(remove), { statusCode: 404 });
  await docker.getImage('multi:1').remove();

  const load = async (wanted: string) =>
    linesOf(await docker.loadImage(Readable.from(whole), { quiet: true, platform: wanted }));
  assert.match(
    (await load('{"os":"linux","architecture":"riscv64"}'))[0]?.error ?? '',
    /^image multi:1 was loaded, but/,
  );
  assert.deepEqual(await load('{"os":"linux","architecture":"arm64"}'), [{ stream: 'Loaded image: multi:1\n' }]);
  assert.equal((await rowOf(socketPath, '/images/multi:1/json?manifests=1')).Manifests?.length, 1);
});
