import { EngineError } from '../../base/error.ts';
import { PassingError } from './retry.ts';

const notTls = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'];
const settingsHint = (list: string, host: string): string =>
  `add ${JSON.stringify(host)} to "${list}" in registries.json (see docs/registries.md).`;

/** True when the other side answered a TLS greeting by something else. */
export function speaksNoTls(error: unknown): boolean {
  return error instanceof PassingError && notTls.includes(error.failure.code ?? '');
}

/** What a connection that could not be made or broke means. */
export function connectionError(url: URL, proxy: string | undefined, cause: unknown): PassingError {
  const { code, message } = facts(cause);
  const through = proxy === undefined ? '' : ` through the proxy ${new URL(proxy).host}`;
  const { what, hint } = describe(code, url.host) ?? {
    what: message,
    hint: 'Check the name, the network, and HTTPS_PROXY and NO_PROXY.',
  };
  return new PassingError(
    { code },
    new EngineError('unreachable', `No answer from ${url.host}${through}: ${what}.`, { cause, hint }),
  );
}

function describe(code: string, host: string): { what: string; hint: string } | undefined {
  if (notTls.includes(code))
    return { what: 'it does not speak TLS', hint: `If it is to be trusted, ${settingsHint('plainHttp', host)}` };
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/.test(code))
    return {
      what: `its certificate is not trusted (${code})`,
      hint: `Name its authority's PEM file under "caFiles" in registries.json, or ${settingsHint('insecure', host)}`,
    };
  if (code === 'ENOTFOUND')
    return { what: 'there is no such host', hint: 'Check the name of the registry and the DNS.' };
  if (code === 'ECONNREFUSED') return { what: 'it refuses connections', hint: 'Check its name and port.' };
  return undefined;
}

/** The error that says most: libraries wrap what the system said, several tries into one. */
function facts(error: unknown): { code: string; message: string } {
  let best = { code: '', message: String(error) };
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth++) {
    if ('code' in at && typeof at.code === 'string') best = { code: at.code, message: at.message || at.code };
    else if (best.code === '') best.message = at.message;
    at = at instanceof AggregateError ? (at.errors[0] as unknown) : at.cause;
  }
  return best;
}
