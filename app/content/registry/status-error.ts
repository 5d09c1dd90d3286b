import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import type { ErrorCode } from '../../base/error.ts';
import { PassingError, parseRetryAfter } from './retry.ts';
import type { HttpResponse } from './transport.ts';

const errorsSchema = v.object({
  errors: v.array(v.object({ code: v.optional(v.string(), ''), message: v.optional(v.nullable(v.string())) })),
});
const EXPLANATION_MAX = 64 * 1024;

/**
 * The bytes of a short answer.
 * @throws PassingError when the connection breaks; EngineError `corrupt-content` when there are more.
 */
export async function readBody(response: HttpResponse, max: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response.pieces()) {
    pieces.push(piece);
    size += piece.length;
    if (size > max)
      throw new EngineError('corrupt-content', `${response.url.host} answered by more than ${max} bytes.`);
  }
  return Buffer.concat(pieces);
}

/**
 * What an answer that is no success means (distribution specification, "Error Codes").
 * @param what was done, such as "Getting the manifest of docker.io/library/busybox:latest"
 */
export async function statusError(response: HttpResponse, what: string): Promise<PassingError> {
  const { status, url } = response;
  const said = explanation(await readBody(response, EXPLANATION_MAX).catch(() => Buffer.alloc(0)));
  const { code, hint } = meaning(status, url.host);
  return new PassingError(
    { status, retryAfter: parseRetryAfter(response.header('retry-after'), Date.now()) },
    new EngineError(code, `${what}: ${url.host} answered ${status}${said === '' ? '' : ` (${said})`}.`, {
      hint,
      data: { status, registry: url.host },
    }),
  );
}

function meaning(status: number, host: string): { code: ErrorCode; hint: string } {
  if (status === 401 || status === 403)
    return {
      code: 'permission-denied',
      hint: `It is private, or not there. If you have an account, run "berth login ${host}"; else check the name.`,
    };
  if (status === 404) return { code: 'no-such-image', hint: 'Check the name and the tag.' };
  if (status === 429)
    return {
      code: 'operation-failed',
      hint: `Too many requests: wait, or get a higher limit by "berth login ${host}".`,
    };
  if (status >= 500) return { code: 'unreachable', hint: 'The registry is in trouble: try again later.' };
  return { code: 'operation-failed', hint: 'Check the name; the registry does not take this request.' };
}

function explanation(body: Buffer): string {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), errorsSchema), body.toString());
  if (!parsed.success) return '';
  return parsed.output.errors
    .map(({ code, message }) => (message ? message : code))
    .join('; ')
    .slice(0, 200);
}
