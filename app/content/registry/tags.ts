/** Which tags a repository has (distribution specification, "Listing Tags"). */
import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import type { RegistrySession } from './session.ts';
import { readBody } from './status-error.ts';

const PAGE_MAX = 4 * 2 ** 20;
const TAGS_MAX = 10_000;
const pageSchema = v.object({ tags: v.nullish(v.array(v.string()), []) });

/**
 * Page by page, in the registry's order.
 * @throws EngineError `no-such-image`, `permission-denied`, `corrupt-content`, `unreachable`
 */
export async function repositoryTags(session: RegistrySession, signal?: AbortSignal): Promise<string[]> {
  const { repository } = session.endpoint;
  const tags = new Set<string>();
  for (let search: string | undefined = ''; search !== undefined;) {
    const response = await session.request({
      ...{ method: 'GET', target: `${repository}/tags/list${search}`, what: `Listing the tags of ${repository}` },
      ...{ scopes: [`repository:${repository}:pull`], accept: [200], signal },
    });
    const next = nextPage(response.header('link'), String(response.url));
    const page = v.safeParse(v.pipe(v.string(), v.parseJson(), pageSchema), String(await readBody(response, PAGE_MAX)));
    if (!page.success)
      throw new EngineError('corrupt-content', `${session.name} lists no tags: its answer is another.`);
    const before = tags.size;
    for (const tag of page.output.tags) tags.add(tag);
    // A registry that turns in circles has no more.
    search = tags.size > before && tags.size < TAGS_MAX ? next : undefined;
  }
  return [...tags];
}

/** The query of a `Link: </v2/…?last=…>; rel="next"`: the rest of the address is known. */
function nextPage(link: string | undefined, base: string): string | undefined {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, base)) return undefined;
  return new URL(target, base).search;
}
