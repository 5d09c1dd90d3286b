import assert from 'node:assert/strict';
import { duplexPair, type Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import { createMessageConnection, CancellationTokenSource, type MessageConnection } from 'vscode-jsonrpc/node';
import { EngineError, fromWireError } from '../../../../guest-agent/protocol/errors.ts';
import { changedNotification, type ChangedEvent } from '../../../../guest-agent/protocol/event.ts';
import { method } from '../../../../guest-agent/protocol/method.ts';
import * as protocol from '../../../../guest-agent/protocol/index.ts';
import { serveControl } from '../../../../guest-agent/rpc/connection.ts';
import { decode } from '../../../../guest-agent/rpc/decode.ts';
import { endpoints } from '../../../../guest-agent/rpc/dispatch.ts';
import { Events } from '../../../../guest-agent/services/events.ts';
import { StreamReader, StreamWriter } from '../../../../guest-agent/wire/json-rpc-io.ts';
import { maxHeaderBytes } from '../../../../guest-agent/wire/message-framing.ts';

const numbers = {
  double: method('double', v.object({ value: v.number() }), v.object({ value: v.number() })),
  hang: method('hang', v.object({}), v.object({})),
  fail: method('fail', v.object({}), v.object({})),
  break: method('break', v.object({}), v.object({})),
};

class Served {
  readonly events = new Events();
  readonly internal: unknown[] = [];
  readonly hanging = Promise.withResolvers<undefined>();
  readonly aborted = Promise.withResolvers<undefined>();
  readonly near: Duplex;
  readonly far: Duplex;

  constructor() {
    [this.near, this.far] = duplexPair();
    this.near.on('error', () => undefined);
    this.far.on('error', () => undefined);
    const dispatch = new Map(
      endpoints(numbers, {
        double: ({ value }) => ({ value: value * 2 }),
        hang: (_params, signal) =>
          new Promise((_resolve, reject) => {
            this.hanging.resolve(undefined);
            signal.addEventListener('abort', () => {
              this.aborted.resolve(undefined);
              reject(new Error('aborted'));
            });
          }),
        fail: () => Promise.reject(new EngineError('in-use', 'It is used.', { hint: 'Wait.', data: { by: 'x' } })),
        break: () => Promise.reject(new TypeError('a bug')),
      }),
    );
    serveControl(this.far, {
      dispatch,
      subscribe: (listener) => this.events.subscribe(listener),
      onInternalError: (_method, error) => void this.internal.push(error),
    });
  }

  connect(): MessageConnection {
    const connection = createMessageConnection(new StreamReader(this.near), new StreamWriter(this.near));
    connection.listen();
    return connection;
  }
}

async function failure(call: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await call.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error && 'data' in error);
  return fromWireError(error.data);
}

describe('a control connection', () => {
  test('answers, out of order where one takes longer', async () => {
    const connection = new Served().connect();
    connection.sendRequest('hang', {}).catch(() => undefined);
    assert.deepEqual(await connection.sendRequest('double', { value: 21 }), { value: 42 });
  });

  test('failures keep code, hint and data; bugs are told as internal and reported', async () => {
    const served = new Served();
    const connection = served.connect();
    const used = await failure(connection.sendRequest('fail', {}));
    assert.deepEqual([used.code, used.hint, used.data], ['in-use', 'Wait.', { by: 'x' }]);
    assert.equal((await failure(connection.sendRequest('break', {}))).code, 'internal');
    assert.ok(served.internal[0] instanceof TypeError);
    assert.equal((await failure(connection.sendRequest('nothing.there', {}))).code, 'unsupported');
  });

  test('wrong parameters are named', async () => {
    const error = await failure(new Served().connect().sendRequest('double', { value: 'many' }));
    assert.equal(error.code, 'invalid-argument');
    assert.match(error.message, /^double: value: .*number/);
    const nested = v.object({ list: v.array(v.object({ name: v.string() })) });
    assert.throws(() => decode(method('m', nested, v.object({})), { list: [{ name: 'a' }, {}] }), /m: list\.1\.name: /);
    assert.throws(() => decode(method('m', nested, v.object({})), undefined), /m: the parameters: /);
  });

  test('cancellation and a lost connection abort the call', async () => {
    const served = new Served();
    const source = new CancellationTokenSource();
    const call = served.connect().sendRequest('hang', {}, source.token);
    await served.hanging.promise;
    source.cancel();
    assert.equal((await failure(call)).code, 'cancelled');
    const lost = new Served();
    lost
      .connect()
      .sendRequest('hang', {})
      .catch(() => undefined);
    await lost.hanging.promise;
    lost.near.end();
    await lost.aborted.promise;
  });

  test('each connection gets every event until it leaves', async () => {
    const served = new Served();
    const got = Promise.withResolvers<ChangedEvent>();
    served.connect().onNotification(changedNotification, (event: ChangedEvent) => got.resolve(event));
    served.events.emit('container', 'abc', 'die', { exitCode: '3' });
    const event = await got.promise;
    assert.deepEqual(
      [event.kind, event.id, event.action, event.attributes],
      ['container', 'abc', 'die', { exitCode: '3' }],
    );
    v.parse(protocol.ChangedEvent, event);
  });

  test('an answer takes along the events before it, in order and in one piece', async (t) => {
    // What events wait for otherwise.
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const served = new Served();
    const chunks: string[] = [];
    const answered = new Promise<void>((resolve) => {
      served.near.on('data', (chunk: Buffer) => {
        chunks.push(chunk.toString());
        if (chunk.includes('"id":9')) resolve();
      });
    });
    served.events.emit('container', 'one', 'create');
    served.events.emit('container', 'two', 'create');
    const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'double', params: { value: 1 } });
    served.near.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    await answered;
    assert.equal(chunks.length, 1);
    assert.match(chunks[0] ?? '', /"one".*"two".*"value":2/s);
  });

  test('garbage ends its connection alone and crashes nothing', async () => {
    const other = new Served().connect();
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ jsonrpc: fc.constant('2.0'), id: fc.anything(), method: fc.anything(), params: fc.anything() })
        .map((message) => {
          try {
            return JSON.stringify(message);
          } catch {
            return '{}';
          }
        }),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array)),
      text.map((body) => Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)),
      fc.integer({ min: -5, max: 2 ** 40 }).map((length) => Buffer.from(`Content-Length: ${length}\r\n\r\n{}`)),
      fc.constant(Buffer.alloc(maxHeaderBytes + 1, 'x')),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        const served = new Served();
        served.near.resume();
        served.near.end(garbage);
        if (!served.far.closed) await new Promise((resolve) => served.far.once('close', resolve));
        assert.deepEqual(served.internal, []);
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(await other.sendRequest('double', { value: 2 }), { value: 4 });
  });
});

describe('decoding', () => {
  test('any parameters of any method: accepted, or refused as invalid-argument', () => {
    const groups = Object.entries(protocol).filter(([name]) => name.endsWith('Methods'));
    const methods = groups.flatMap(([, group]) =>
      Object.values(group as Record<string, protocol.Method<unknown, unknown>>),
    );
    assert.ok(methods.length > 40);
    fc.assert(
      fc.property(fc.constantFrom(...methods), fc.anything({ withBigInt: true }), (one, params) => {
        try {
          decode(one, params);
        } catch (error) {
          assert.ok(
            error instanceof EngineError && error.code === 'invalid-argument' && error.message.startsWith(one.name),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const body of ['', 'null', '[]', '{}', '{"jsonrpc":"1.0"}'])
    test(`${body === '' ? 'nothing' : body} is no message: who sends it is hung up on`, async () => {
      const served = new Served();
      const over = new Promise((resolve) => served.far.once('close', resolve));
      served.near.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
      await over;
    });

  test('a message cut anywhere is read whole', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'double', params: { value: 4 } });
    const bytes = Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    for (let cut = 1; cut < bytes.length; cut += 7) {
      const served = new Served();
      const answer = new Promise<string>((resolve) =>
        served.near.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      );
      served.near.write(bytes.subarray(0, cut), () => served.near.write(bytes.subarray(cut)));
      assert.match(await answer, /"value":8/);
    }
  });
});
