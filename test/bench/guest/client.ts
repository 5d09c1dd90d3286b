/**
 * Runs in the guest, beside the agent: asks it over its own socket, so that the boundary's cost is left out.
 *
 *   node client.ts start NETWORK N | exec CONTAINER N | memory | log BYTES
 *
 * Prints one JSON line: {"ns": [...]} or what memory answers. The specification is that of the container `bench`.
 */
import { connect } from 'node:net';
import { once } from 'node:events';

type Json = Record<string, unknown>;
const socket = connect('/run/berth/agent.sock');
await once(socket, 'connect');
socket.write('BERTH/1 CONTROL\n');

let buffered = Buffer.alloc(0);
let next = 0;
const waiting = new Map<number, (message: Json) => void>();

socket.on('data', (chunk: Buffer) => {
  buffered = Buffer.concat([buffered, chunk]);
  for (;;) {
    const end = buffered.indexOf('\r\n\r\n');
    const length = Number(/Content-Length: (\d+)/i.exec(buffered.toString('latin1', 0, Math.max(end, 0)))?.[1]);
    if (end < 0 || buffered.length < end + 4 + length) return;
    const message = JSON.parse(buffered.toString('utf8', end + 4, end + 4 + length)) as Json;
    buffered = buffered.subarray(end + 4 + length);
    if (typeof message.id === 'number') waiting.get(message.id)?.(message);
  }
});

function call<T>(method: string, params: Json): Promise<T> {
  const id = next++;
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  waiting.set(id, (message) => {
    waiting.delete(id);
    if (message.error === undefined) resolve(message.result as T);
    else reject(new Error(JSON.stringify(message.error)));
  });
  socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return promise;
}

async function timed(rounds: number, round: () => Promise<() => Promise<unknown>>): Promise<number[]> {
  const ns: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const begin = process.hrtime.bigint();
    const clean = await round();
    ns.push(Number(process.hrtime.bigint() - begin));
    await clean();
  }
  return ns;
}

/** Where a start's time goes, told with `BENCH_PARTS=1`. */
const parts: Record<string, number[]> = {};

async function part<T>(name: string, work: Promise<T>): Promise<T> {
  const begin = process.hrtime.bigint();
  const answer = await work;
  (parts[name] ??= []).push(Number(process.hrtime.bigint() - begin) / 1e6);
  return answer;
}

async function runOnce(spec: Json): Promise<() => Promise<unknown>> {
  const { id } = await part('create', call<{ id: string }>('container.create', { name: '', spec }));
  // Asked before the start: a container of --rm is gone as soon as it has ended.
  const ended = call<{ exitCode: number }>('container.wait', { id, condition: 'next-exit' });
  await part('start', call('container.start', { id, attach: false }));
  const { exitCode } = await part('wait', ended);
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  return () => call('container.wait', { id, condition: 'removed' }).catch(() => undefined);
}

async function execOnce(container: string): Promise<() => Promise<unknown>> {
  const spec = {
    container,
    argv: ['true'],
    env: [],
    workdir: '',
    user: '',
    tty: false,
    openStdin: false,
    privileged: false,
  };
  const { id } = await call<{ id: string }>('exec.create', spec);
  await call('exec.start', { id, attach: false });
  const { exitCode } = await call<{ exitCode: number }>('exec.wait', { id });
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  return () => Promise.resolve();
}

const [mode, what = '', count = '0'] = process.argv.slice(2);
await call('hello', { protocolVersion: Number(process.env.PROTOCOL_VERSION), hostVersion: 'bench' });
if (mode === 'memory') {
  console.log(JSON.stringify(await call('guest.memory', {})));
} else if (mode === 'exec') {
  console.log(JSON.stringify({ ns: await timed(Number(count), () => execOnce(what)) }));
} else {
  const info = await call<{ spec: Json & { namespaces: Json } }>('container.inspect', { id: 'bench' });
  const spec = {
    ...info.spec,
    argv: ['true'],
    autoRemove: true,
    namespaces: { ...info.spec.namespaces, network: what },
    // Those of the container that it is made from are no network's of this one.
    networks: [],
  };
  const log = {
    ...spec,
    argv: ['dd', 'if=/dev/zero', 'bs=64k', `count=${Number(what) >> 16}`],
    namespaces: { ...spec.namespaces, network: 'none' },
    networks: [],
  };
  console.log(JSON.stringify({ ns: await timed(Number(count), () => runOnce(mode === 'log' ? log : spec)) }));
}
if (process.env.BENCH_PARTS) console.error(JSON.stringify(parts));
socket.end();
