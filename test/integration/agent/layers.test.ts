import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import loadXxhash from 'xxhash-wasm';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { layerMethods as layers } from '../../../guest-agent/protocol/layer.ts';
import { containerSpec, plainLayer } from '../../support/container-spec.ts';
import { InProcessAgent, type Client } from '../../support/in-process-agent.ts';
import { until } from '../../support/until.ts';

const xxhash = await loadXxhash();
const content = randomBytes(3 * 1024 * 1024);
const contentDigest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
const request = { layer: plainLayer, sizeBytes: content.length, contentDigest };

let agent: InProcessAgent;
let client: Client;

beforeEach(async () => {
  agent = await new InProcessAgent().start();
  client = agent.client();
});
afterEach(() => agent.dispose());

const files = (): string[] => readdirSync(join(agent.paths.data, 'layers'));
const mounts = (): number => agent.kernel.applied.filter((op) => op.op === 'mount' && op.type === 'erofs').length;

async function send(from: number, to: number): Promise<void> {
  const { stream, offset } = await client.call(layers.put, request);
  assert.equal(offset, from);
  const socket = client.stream(stream);
  socket.end(zstdCompressSync(content.subarray(from, to)));
  await buffer(socket);
}

function refused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof EngineError && error.code === code;
}

describe('layers', () => {
  test('arrive whole, verified, mounted once, and are not asked for again', async () => {
    const other = `sha256:${'2'.repeat(64)}`;
    const asked = { layers: [plainLayer, other, plainLayer] };
    assert.deepEqual((await client.call(layers.missing, asked)).missing, [plainLayer, other]);
    await client.sendLayer(plainLayer, content);
    assert.deepEqual(readFileSync(join(agent.paths.data, 'layers', files()[0] ?? '')), content);
    assert.deepEqual((await client.call(layers.missing, asked)).missing, [other]);
    await client.sendLayer(plainLayer, content);
    assert.equal(mounts(), 1);
  });

  test('a broken transfer goes on where it broke, also after the agent was away', async () => {
    await send(0, 1_000_000);
    await assert.rejects(client.call(layers.commit, { layer: plainLayer }), refused('invalid-layer'));
    await send(1_000_000, 2_000_000);
    await agent.stop();
    await agent.start();
    client = agent.client();
    await send(2_000_000, content.length);
    await client.call(layers.commit, { layer: plainLayer });
    assert.deepEqual(readFileSync(join(agent.paths.data, 'layers', files()[0] ?? '')), content);
  });

  test('what is not compressed as agreed, or ends early, is told when it is committed', async () => {
    for (const bytes of [content, zstdCompressSync(content).subarray(0, 1_000_000)]) {
      const { stream } = await client.call(layers.put, request);
      const socket = client.stream(stream);
      socket.end(bytes);
      await buffer(socket).catch(() => undefined);
      await assert.rejects(client.call(layers.commit, { layer: plainLayer }), refused('unreachable'));
    }
    await client.sendLayer(plainLayer, content);
    assert.deepEqual((await client.call(layers.missing, { layers: [plainLayer] })).missing, []);
  });

  test('an abrupt end keeps what came', async () => {
    const { stream } = await client.call(layers.put, request);
    const socket = client.stream(stream);
    socket.write(zstdCompressSync(content).subarray(0, 500_000));
    await until('bytes are on the disk', () => files().some((name) => name.endsWith('.part')));
    socket.destroy();
    await once(socket, 'close');
    const { offset } = await client.call(layers.put, request);
    assert.ok(offset <= 500_000);
  });

  test('what came of a transfer is listed as such, and dropped when it is not wanted any more', async () => {
    const { stream } = await client.call(layers.put, request);
    const socket = client.stream(stream);
    socket.write(zstdCompressSync(content).subarray(0, 500_000));
    await until('bytes are on the disk', async () => {
      const [part] = await client.call(layers.list, {});
      return part?.partial === true && part.sizeBytes > 0;
    });
    socket.destroy();
    await once(socket, 'close');
    await client.call(layers.drop, { layers: [`sha256:${'9'.repeat(64)}`] });
    assert.equal(files().length, 1);
    await client.call(layers.drop, { layers: [plainLayer] });
    assert.deepEqual([await client.call(layers.list, {}), files()], [[], []]);
  });

  test('damage that comes later is found', async () => {
    await client.sendLayer(plainLayer, content);
    assert.deepEqual(await client.call(layers.verify, { layer: plainLayer }), { problem: '' });
    await agent.stop();
    await agent.start();
    client = agent.client();
    const file = join(agent.paths.data, 'layers', files()[0] ?? '');
    writeFileSync(file, Buffer.alloc(content.length));
    const { problem } = await client.call(layers.verify, { layer: plainLayer });
    assert.match(problem, /it has the digest sha256:[0-9a-f]+, not sha256:/);
    rmSync(file);
    assert.match((await client.call(layers.verify, { layer: plainLayer })).problem, /ENOENT/);
    await client.call(layers.drop, { layers: [plainLayer] });
    await assert.rejects(client.call(layers.verify, { layer: plainLayer }), refused('no-such-layer'));
  });

  test('other bytes than promised are dropped; too many break the transfer off', async () => {
    const { stream } = await client.call(layers.put, request);
    const socket = client.stream(stream);
    socket.end(zstdCompressSync(Buffer.alloc(content.length)));
    await buffer(socket);
    await assert.rejects(client.call(layers.commit, { layer: plainLayer }), refused('corrupt-content'));
    assert.deepEqual(files(), []);
    const again = await client.call(layers.put, request);
    assert.equal(again.offset, 0);
    const greedy = client.stream(again.stream);
    greedy.end(zstdCompressSync(Buffer.concat([content, Buffer.from('more')])));
    await buffer(greedy).catch(() => undefined);
    await assert.rejects(client.call(layers.commit, { layer: plainLayer }), refused('invalid-layer'));
    await assert.rejects(client.call(layers.commit, { layer: `sha256:${'9'.repeat(64)}` }), refused('no-such-layer'));
  });

  describe('copied from a share', () => {
    const checksum = xxhash.h64Raw(content).toString(16).padStart(16, '0');
    const copy = { ...request, checksum, share: 'layers0' };
    const file = plainLayer.replace('sha256:', '');
    const offered = (): string => join(agent.paths.run, 'shares/layers0', `${file}.erofs`);

    beforeEach(() => {
      mkdirSync(dirname(offered()), { recursive: true });
      writeFileSync(offered(), content);
    });

    test('it is whole, mounted once, checked like any other, and not copied again', async () => {
      await client.call(layers.copy, copy);
      assert.deepEqual(files(), [`${file}.erofs`]);
      assert.deepEqual(readFileSync(join(agent.paths.data, 'layers', `${file}.erofs`)), content);
      assert.deepEqual(await client.call(layers.verify, { layer: plainLayer }), { problem: '' });
      rmSync(offered());
      await client.call(layers.copy, copy);
      assert.equal(mounts(), 1);
    });

    test('what a stream has left is gone on with, and a stream goes on with what a copy has left', async () => {
      await send(0, 1_000_000);
      writeFileSync(offered(), content.subarray(0, 2_000_000));
      await assert.rejects(client.call(layers.copy, copy), refused('operation-failed'));
      writeFileSync(offered(), Buffer.concat([Buffer.alloc(1_000_000), content.subarray(1_000_000)]));
      await client.call(layers.copy, copy);
      await client.call(layers.drop, { layers: [plainLayer] });
      writeFileSync(offered(), content);
      agent.kernel.copies = 1_000_000;
      await assert.rejects(client.call(layers.copy, copy), refused('operation-failed'));
      await send(1_000_000, content.length);
      await client.call(layers.commit, { layer: plainLayer });
      assert.deepEqual(await client.call(layers.verify, { layer: plainLayer }), { problem: '' });
    });

    test('other bytes than promised are dropped', async () => {
      writeFileSync(offered(), Buffer.alloc(content.length));
      await assert.rejects(client.call(layers.copy, copy), refused('corrupt-content'));
      assert.deepEqual(files(), []);
    });
  });

  test('only those that no container has are dropped', async () => {
    await client.sendLayer(plainLayer, content);
    const { id } = await client.call(container.create, { name: '', spec: containerSpec() });
    assert.deepEqual(await client.call(layers.drop, { layers: [plainLayer] }), { dropped: [], reclaimedBytes: 0 });
    await client.call(container.remove, { id, force: false, volumes: false });
    const dropped = { dropped: [plainLayer], reclaimedBytes: content.length };
    assert.deepEqual(await client.call(layers.drop, { layers: [plainLayer] }), dropped);
    assert.deepEqual(files(), []);
  });
});
