/** Requests that are none, or break off: by hand, as no client sends them. */
import { connect } from 'node:net';
import fc from 'fast-check';

/** Sends the bytes and leaves at the answer's first ones; or leaves at once. Resolves when the connection is closed. */
export function send(socketPath: string, bytes: Uint8Array, stays: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.once('data', () => socket.destroy());
    if (stays) socket.end(bytes);
    else socket.write(bytes, () => socket.destroy());
  });
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'CONNECT', 'OPTIONS', '', 'get'];
const paths = [
  ...['/_ping', '/info', '/containers/json', '/containers/create', '/containers/tiny/json', '/images/json'],
  ...['/images/create', '/images/load', '/exec/x/start', '/containers/x/attach', '/containers/x/attach/ws', '/events'],
  ...['/volumes/create', '/v1.24/version', '/v9.9/info', '/%', '//', '*', '/containers/x/wait', '/commit', '/auth'],
];
const headers = [
  ...['Upgrade: tcp', 'Upgrade: websocket', 'Upgrade: h2c', 'Connection: Upgrade', 'Content-Length: 5'],
  ...['Content-Length: 999999999', 'Content-Length: -1', 'Transfer-Encoding: chunked', 'Host: x', 'X-Registry-Auth: !'],
  ...['Content-Type: application/json', 'Expect: 100-continue', 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Version: 13'],
];

/** @param more paths of what is there, so that a request comes as far as it can */
function request(more: readonly string[]): fc.Arbitrary<Buffer> {
  const query = fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 40 }).map((text) => `filters=${encodeURIComponent(text)}`),
  );
  const record = {
    ...{ method: fc.constantFrom(...methods), path: fc.constantFrom(...paths, ...more), query },
    headers: fc.array(fc.constantFrom(...headers), { maxLength: 5 }),
    body: fc.oneof(fc.json({ maxDepth: 2 }), fc.string({ maxLength: 60 })),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
  };
  return fc.record(record).map((one) => {
    const search = one.query === '' ? '' : `${one.path.includes('?') ? '&' : '?'}${one.query}`;
    const head = `${one.method} ${one.path}${search} HTTP/1.1\r\nConnection: close\r\n${one.headers.join('\r\n')}`;
    const whole = `${head}\r\n\r\n${one.body}`;
    return Buffer.from(whole.slice(0, Math.ceil(whole.length * Math.min(1, one.cut * 1.3))));
  });
}

/** Requests and mere bytes; and whether the client waits for an answer. */
export function garbage(more: readonly string[] = []): fc.Arbitrary<[bytes: Buffer, stays: boolean]> {
  const bytes = fc.oneof(
    { weight: 4, arbitrary: request(more) },
    fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
  );
  return fc.tuple(bytes, fc.boolean());
}

/** Twenty at a time. */
export async function pour(socketPath: string, count: number, more: readonly string[] = []): Promise<void> {
  const twenty = fc.array(garbage(more), { minLength: 20, maxLength: 20 });
  const together = fc.asyncProperty(twenty, async (all) => {
    await Promise.all(all.map(([bytes, stays]) => send(socketPath, bytes, stays)));
  });
  await fc.assert(together, { numRuns: count / 20 });
}
