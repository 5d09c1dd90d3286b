/** A push to a real registry over a way that breaks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startRegistry } from '../../../support/images/registry.ts';
import { madeImage, ownClient, plain, quietly } from '../../../support/registry-client.ts';

test('a push whose connection breaks in the middle of a blob comes through, and nothing is kept of the break', async (t) => {
  const registry = await startRegistry(t, { empty: true });
  const port = Number(registry.address.split(':')[1]);
  let left = 150_000;
  const way = createServer((client) => {
    const onward = connect(port, '127.0.0.1');
    const end = () => [client, onward].forEach((socket) => void socket.destroy());
    for (const socket of [client, onward]) socket.once('error', end).once('close', end);
    onward.on('data', (piece) => client.write(piece));
    client.on('data', (piece) => {
      left -= piece.length;
      onward.write(piece, () => {
        if (left <= 0) end();
        if (left <= 0) left = Infinity;
      });
    });
  });
  way.listen(0, '127.0.0.1');
  await once(way, 'listening');
  t.after(() => new Promise((resolve) => void way.close(resolve)));
  const made = await madeImage(t, [300_000]);
  const { client, store, waits } = await ownClient(t);
  const reference = `127.0.0.1:${(way.address() as AddressInfo).port}/app:1`;
  await store.load(made.layout, { reference });
  const { digest } = await client.push({ ...quietly, reference });
  assert.equal(digest, made.manifestDigest);
  assert.equal(waits.length, 1);
  const other = await ownClient(t);
  await other.client.pull({ ...plain, reference: `${registry.address}/app:1` });
  assert.deepEqual(other.store.list()[0]?.layers[0]?.digest, made.layers[0]?.digest);
});
