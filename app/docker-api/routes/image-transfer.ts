/** Images from and to registries, with their progress. */
import { EngineError } from '../../base/error.ts';
import { type ApiRequest, type Reply, type Route } from '../api.ts';
import { refusal } from '../codec/error.ts';
import { repositoryOf } from '../codec/image.ts';
import { onePlatformOf, platformWords } from '../codec/platform.ts';
import { isNameOnly, joinTag, tagOf } from '../codec/reference.ts';
import { withProgress, type Tell } from '../progress.ts';
import { importImage } from './image-archives.ts';
import { requestAuth } from './registries.ts';

async function create(request: ApiRequest): Promise<Reply> {
  const { query } = request;
  if (query.text('fromSrc') !== '') return importImage(request);
  // The command writes `pull -a NAME` with a colon at its end.
  const name = query.text('fromImage').replace(/:$/, '');
  if (name === '') throw new EngineError('invalid-argument', 'one of fromImage and fromSrc must be given');
  if (isNameOnly(name) && query.text('tag') === '') return pullAll(request, name);
  const reference = joinTag(name, query.text('tag'));
  return withProgress(request, { subject: reference }, (transfer, tell) =>
    pull(request, { reference, transfer }, tell),
  );
}

/** Every tag that the registry has, one after the other. */
async function pullAll(request: ApiRequest, name: string): Promise<Reply> {
  const { api, headers, signal } = request;
  return withProgress(request, { subject: name }, async (transfer, tell) => {
    const tags = await api.images.tags({ reference: name, auth: requestAuth(headers) }, signal);
    for (const tag of tags) await pull(request, { reference: `${name}:${tag}`, transfer }, tell);
  });
}

async function pull({ api, headers, query, signal }: ApiRequest, what: Transfer, tell: Tell): Promise<void> {
  const { reference, transfer } = what;
  tell({ status: `Pulling from ${repositoryOf(reference)}`, id: tagOf(reference) || reference });
  const platform = query.text('platform');
  const {
    digest,
    upToDate,
    reference: shown,
  } = await api.images.pull(
    { reference, transfer, auth: requestAuth(headers), ...(platform !== '' && { platform }) },
    signal,
  );
  tell({ status: `Digest: ${digest}` });
  tell({ status: `Status: ${upToDate ? 'Image is up to date for' : 'Downloaded newer image for'} ${shown}` });
}

interface Transfer {
  readonly reference: string;
  readonly transfer: string;
  readonly platform?: string | undefined;
}

/** Without a tag, all that the repository has here. */
async function push(request: ApiRequest): Promise<Reply> {
  const { api, minor, params, query, signal } = request;
  const platform = minor >= 46 ? onePlatformOf(query) : undefined;
  const name = params['name'] ?? '';
  const tag = query.text('tag');
  const all = await api.images.list({}, signal);
  const own = all.flatMap(({ references }) => references).filter((one) => repositoryOf(one) === repositoryOf(name));
  const references = tag === '' && tagOf(name) === 'latest' && !name.endsWith(':latest') ? own : [joinTag(name, tag)];
  if (references.length === 0)
    throw refusal(404, `An image does not exist locally with the tag: ${repositoryOf(name)}`);
  return withProgress(request, { subject: repositoryOf(name) }, async (transfer, tell) => {
    tell({ status: `The push refers to repository [${repositoryOf(name)}]` });
    for (const reference of references) await pushOne(request, { reference, transfer, platform }, tell);
  });
}

async function pushOne({ api, headers, signal }: ApiRequest, what: Transfer, tell: Tell): Promise<void> {
  const { reference } = what;
  const { digest, sizeBytes } = await api.images
    .push({ ...what, auth: requestAuth(headers) }, signal)
    .catch(platformWords());
  const Tag = tagOf(reference);
  tell({ status: `${Tag}: digest: ${digest} size: ${sizeBytes}` });
  tell({ progressDetail: {}, aux: { Tag, Digest: digest, Size: sizeBytes } });
}

export const imageTransferRoutes: readonly Route[] = [
  { method: 'POST', path: '/images/create', needsEngine: false, handle: create },
  { method: 'POST', path: '/images/{name}/push', needsEngine: false, handle: push },
];
