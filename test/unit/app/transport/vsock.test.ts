import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import test from 'node:test';
import { VsockTransport } from '../../../../app/transport/vsock.ts';

const never = new Promise<never>(() => undefined);

test("streams are dialled at the agent's port", async () => {
  const dialled: number[] = [];
  const dial = (port: number) => {
    dialled.push(port);
    return Promise.resolve(new PassThrough());
  };
  const transport = new VsockTransport({ dial, agentPort: 1024, gone: never });
  const stream = await transport.openStream({ kind: 'agent' });
  assert.ok(stream instanceof Duplex);
  assert.deepEqual(dialled, [1024]);
  await assert.rejects(transport.openStream({ kind: 'tcp', port: 80 }), { code: 'unsupported' });
});

test('a dialler that fails is an unreachable guest', async () => {
  const dial = () => Promise.reject(new Error('connection reset'));
  const transport = new VsockTransport({ dial, agentPort: 1024, gone: never });
  await assert.rejects(transport.openStream({ kind: 'agent' }), { code: 'unreachable', message: /connection reset/ });
});

test('closing ends the streams and is told without a cause; the end of the machine with one', async () => {
  const dial = () => Promise.resolve(new PassThrough());
  const { promise: gone, resolve: end } = Promise.withResolvers<undefined>();
  for (const [close, expected] of [
    [(transport: VsockTransport) => void transport.close(), undefined],
    [() => end(undefined), 'the virtual machine ended'],
  ] as const) {
    const transport = new VsockTransport({ dial, agentPort: 1024, gone });
    const told = new Promise<Error | undefined>((resolve) => transport.onClose(resolve));
    const stream = await transport.openStream({ kind: 'agent' });
    close(transport);
    assert.equal((await told)?.message, expected);
    if (!stream.closed) await once(stream, 'close');
    await assert.rejects(transport.openStream({ kind: 'agent' }), { code: 'unreachable' });
  }
});
