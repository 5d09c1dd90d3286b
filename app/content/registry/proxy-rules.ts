/** Which proxy a request goes through, by the variables that curl, Go and Docker know. */
import { BlockList, isIP } from 'node:net';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (also in lower case, which wins). `NO_PROXY` lists, by commas, `*`, names
 * (`example.org` with all below it, `.example.org` only those below), addresses, networks (`10.0.0.0/8`), each perhaps
 * with `:PORT`. Loopback addresses are never asked for by a proxy (as in Go's httpproxy).
 */
export function proxyFor(url: URL, env: Env): string | undefined {
  const proxy = url.protocol === 'https:' ? read(env, 'https_proxy') : read(env, 'http_proxy');
  if (proxy === undefined || isExcepted(url, read(env, 'no_proxy') ?? '')) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function read(env: Env, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || contains('127.0.0.0/8', host) || host === '::1') return true;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return contains(entry, host);
  const [, bracketed, name = '', ownPort] = /^(?:\[(.*)\]|(.*?))(?::([0-9]+))?$/.exec(entry) ?? [];
  if (isIP(entry) > 0) return entry === host;
  if (ownPort !== undefined && ownPort !== port) return false;
  if (bracketed !== undefined) return bracketed === host;
  const suffix = name.replace(/^\*(?=\.)/, '');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function contains(network: string, host: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = isIP(address);
  const prefix = Number(bits);
  if (family === 0 || isIP(host) !== family || !(prefix <= (family === 4 ? 32 : 128))) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, prefix, type);
  return list.check(host, type);
}
