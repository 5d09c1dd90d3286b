/** Several pulls at a time: what they share, and how they wait for each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asked } from '../../../support/fake-registry.ts';
import { fakeRegistry } from '../../../support/fake-registry.ts';
import { madeImage, ownClient, plain } from '../../../support/registry-client.ts';
import { until } from '../../../support/until.ts';

const MIB = 2 ** 20;

test('two pulls that want the same layer share one download; when the first gives up, the second goes on', async (t) => {
  for (const cancelled of [false, true]) {
    const made = await madeImage(t, [3 * MIB]);
    const layer = made.layers[0]?.digest ?? '';
    const go = Promise.withResolvers<undefined>();
    const registry = await fakeRegistry(t, made.layout, ({ path }, self) =>
      path.endsWith(layer) && self.to(layer).length === 1 ? { holdAfter: 2 * MIB, until: go.promise } : undefined,
    );
    const { client, store } = await ownClient(t);
    const cancel = new AbortController();
    const told = { first: Promise.withResolvers<undefined>(), second: Promise.withResolvers<undefined>() };
    const first = client.pull({
      ...plain,
      reference: `${registry.address}/one`,
      signal: cancel.signal,
      onProgress: ({ state }) => state === 'moving' && told.first.resolve(undefined),
    });
    await told.first.promise;
    const second = client.pull({
      ...plain,
      reference: `${registry.address}/two`,
      onProgress: ({ state }) => state === 'moving' && told.second.resolve(undefined),
    });
    await told.second.promise;
    if (cancelled) {
      cancel.abort(new Error('enough'));
      await assert.rejects(first, /enough/);
    }
    go.resolve(undefined);
    await Promise.all(cancelled ? [second] : [first, second]);
    assert.equal(registry.to(layer).length, cancelled ? 2 : 1);
    const names = cancelled ? ['two:latest'] : ['one:latest', 'two:latest'];
    assert.deepEqual(
      store.list()[0]?.references,
      names.map((name) => `${registry.address}/${name}`),
    );
  }
});

test('a pull that waits for others to end can be given up', async (t) => {
  const held = { holdAfter: MIB, until: new Promise(() => undefined) };
  const busy = await madeImage(t, [2 * MIB, 2 * MIB, 2 * MIB]);
  const isLayer = ({ path }: Asked): boolean => busy.layers.some(({ digest }) => path.endsWith(digest));
  const first = await fakeRegistry(t, busy.layout, (asked) => (isLayer(asked) ? held : undefined));
  const made = await madeImage(t, [1000]);
  const second = await fakeRegistry(t, made.layout);
  const { client } = await ownClient(t);
  const [one, two] = [new AbortController(), new AbortController()];
  const holding = client.pull({ ...plain, reference: `${first.address}/app`, signal: one.signal });
  await until('all places are taken', () => first.asked.filter(isLayer).length === 3);
  const waiting = client.pull({ ...plain, reference: `${second.address}/app`, signal: two.signal });
  await until('it waits for its configuration', () => second.to('/manifests/').length > 0);
  two.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  one.abort(new Error('enough'));
  await assert.rejects(holding, /enough/);
});

test('who waits before the next try lets others go first', async (t) => {
  const busy = await madeImage(t, [1000, 1000, 1000]);
  const isLayer = ({ path }: Asked): boolean => busy.layers.some(({ digest }) => path.endsWith(digest));
  const first = await fakeRegistry(t, busy.layout, (asked, self) =>
    isLayer(asked) && self.asked.filter(isLayer).length <= 3 ? { status: 429 } : undefined,
  );
  const second = await fakeRegistry(t, (await madeImage(t, [1000])).layout);
  const go = Promise.withResolvers<undefined>();
  let waits = 0;
  const wait = async () => {
    waits++;
    await go.promise;
  };
  const { client, store } = await ownClient(t, { retry: { tries: 4, firstWait: 1, wait } });
  const waiting = client.pull({ ...plain, reference: `${first.address}/app` });
  await until('all three wait', () => waits === 3);
  await client.pull({ ...plain, reference: `${second.address}/app` });
  go.resolve(undefined);
  await waiting;
  assert.equal(store.list().length, 2);
});
