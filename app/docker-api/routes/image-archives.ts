/** Images as archives: get, load, import. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../base/error.ts';
import type { ApiRequest, Engine, Reply, Route } from '../api.ts';
import { closing } from '../closing.ts';
import { flag, type Query } from '../codec/decode.ts';
import { about } from '../codec/error.ts';
import { onePlatformOf, platformsOf, platformWords } from '../codec/platform.ts';
import { joinTag } from '../codec/reference.ts';
import { withProgress, type Tell } from '../progress.ts';

async function get(request: ApiRequest): Promise<Reply> {
  return save(request, [request.params['name'] ?? '']);
}

async function getSeveral(request: ApiRequest): Promise<Reply> {
  const names = request.query.all('names').filter((name) => name !== '');
  if (names.length === 0) throw new EngineError('invalid-argument', 'no image is named');
  return save(request, names);
}

async function save({ api, engine, minor, query, signal }: ApiRequest, references: string[]): Promise<Reply> {
  const platforms = chosenPlatforms(minor, query);
  // An image that is missing is told by the status, not by a broken archive.
  for (const reference of references) await api.images.manifests({ reference }, signal).catch(about(reference));
  const { stream } = await api.images.save({ references, platforms }, signal).catch(platformWords());
  const saved = api.images.saved({ stream }, signal);
  saved.catch(() => undefined);
  return {
    kind: 'stream',
    type: 'application/x-tar',
    bytes: closing(engine.openStream(stream), (bytes) => savedBytes(bytes, saved)),
  };
}

/** One since 1.48, several since 1.52. */
function chosenPlatforms(minor: number, query: Query): string[] {
  if (minor < 48) return [];
  return minor < 52 ? [onePlatformOf(query) ?? []].flat() : platformsOf(query, 'platform');
}

/** A failure in the middle breaks the connection, so that nobody takes a part for the whole. */
async function* savedBytes(bytes: Readable, saved: Promise<unknown>): AsyncGenerator<Uint8Array> {
  yield* bytes as AsyncIterable<Uint8Array>;
  await saved;
}

/** A failure is a line, as with Docker: the status has gone out. */
async function load(request: ApiRequest): Promise<Reply> {
  const { api, engine, minor, body, query, signal } = request;
  const platforms = chosenPlatforms(minor, query);
  const quiet = flag(query, 'quiet');
  return withProgress(request, { alwaysFine: true }, async (transfer, tell) => {
    const wanted = { platforms, ...(!quiet && { transfer }) };
    const loaded = await uploaded(engine, api, body, (stream) => api.images.load({ stream, ...wanted }, signal)).catch(
      platformWords(
        (image, platform) => `image ${image} was loaded, but doesn't provide the requested platform (${platform})`,
      ),
    );
    for (const { id, references } of loaded) {
      if (references.length === 0) tell({ stream: `Loaded image ID: ${id}\n` });
      for (const name of references) tell({ stream: `Loaded image: ${name}\n` });
    }
  });
}

export async function importImage(request: ApiRequest): Promise<Reply> {
  const { api, engine, body, query, signal } = request;
  const from = query.text('fromSrc');
  const repo = query.text('repo');
  const wanted = {
    reference: repo === '' ? '' : joinTag(repo, query.text('tag')),
    changes: [...query.all('changes')],
    message: query.text('message'),
    platform: query.text('platform'),
  };
  return withProgress(request, {}, async (_, tell) => {
    const archive = from === '-' ? body : await fetched(from, tell, signal);
    const { id } = await uploaded(engine, api, archive, (stream) => api.images.import({ stream, ...wanted }, signal));
    tell({ status: id });
  });
}

/** As Docker: what names no scheme is fetched by plain HTTP. */
async function fetched(source: string, tell: Tell, signal: AbortSignal): Promise<Readable> {
  const url = /^[a-z]+:\/\//.test(source) ? source : `http://${source}`;
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new EngineError('unreachable', `Nothing could be fetched from ${url}.`, {
      cause,
      hint: 'Check the address.',
    });
  });
  if (!response.ok || response.body === null)
    throw new EngineError('operation-failed', `${url} answered ${response.status}.`, { hint: 'Check the address.' });
  tell({ status: `Downloading from ${url}` });
  return Readable.from(
    importing(Readable.fromWeb(response.body), Number(response.headers.get('content-length')), tell),
  );
}

/** Bytes between two lines, as Docker has it. */
const importStep = 512 * 1024;

async function* importing(bytes: AsyncIterable<Uint8Array>, total: number, tell: Tell): AsyncGenerator<Uint8Array> {
  let [current, told] = [0, 0];
  for await (const piece of bytes) {
    yield piece;
    current += piece.length;
    if (current - told < importStep && current !== total) continue;
    told = current;
    tell({ status: 'Importing', progressDetail: { current, ...(total > 0 && { total }) } });
  }
}

/** Sends the body and takes it at the other end; the taker's failure is the one that counts. */
async function uploaded<T>(
  engine: Engine,
  api: ApiRequest['api'],
  body: Readable,
  take: (stream: string) => Promise<T>,
): Promise<T> {
  const { stream } = await api.images.upload({});
  const target = engine.openStream(stream);
  const sent = pipeline(body, target).catch(() => undefined);
  try {
    return await take(stream);
  } finally {
    target.destroy();
    await sent;
  }
}

export const imageArchiveRoutes: readonly Route[] = [
  { method: 'GET', path: '/images/get', needsEngine: false, handle: getSeveral },
  { method: 'GET', path: '/images/{name}/get', needsEngine: false, handle: get },
  { method: 'POST', path: '/images/load', needsEngine: false, handle: load },
];
