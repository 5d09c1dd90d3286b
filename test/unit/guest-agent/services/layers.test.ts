import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import loadXxhash from 'xxhash-wasm';
import { Events } from '../../../../guest-agent/services/events.ts';
import { Layers } from '../../../../guest-agent/services/layers.ts';
import { Mounts } from '../../../../guest-agent/services/mounts.ts';
import { guestPaths, layerFile, layerMount, shareMount } from '../../../../guest-agent/services/paths.ts';
import { Store } from '../../../../guest-agent/services/store.ts';
import { StreamRegistry } from '../../../../guest-agent/streams/registry.ts';
import { PlayedKernel } from '../../../support/played-kernel.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const content = Buffer.from('the bytes of a layer');
const [kept, lost] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
const never = new AbortController().signal;

/** Mounts and unmounts in their order; an unmount takes as long as `busy`. */
class OrderedKernel extends PlayedKernel {
  readonly order: string[] = [];
  busy: Promise<unknown> = Promise.resolve();

  override async apply(ops: Parameters<PlayedKernel['apply']>[0]): Promise<void> {
    for (const op of ops) if (op.op === 'mount') this.order.push(`mount ${op.target}`);
    await super.apply(ops);
  }

  override async unmount(target: string): Promise<void> {
    await this.busy;
    this.order.push(`unmount ${target}`);
  }
}

/** As an agent finds them that was started again: `kept` has its record, both are mounted. */
async function laidOut(t: TestContext) {
  const folder = await temporaryFolder(t);
  const paths = { ...guestPaths, data: join(folder, 'data'), run: join(folder, 'run') };
  const store = new Store(join(folder, 'agent.db'));
  t.after(() => store.close());
  for (const diffId of [kept, lost]) {
    mkdirSync(dirname(layerFile(paths, diffId)), { recursive: true });
    writeFileSync(layerFile(paths, diffId), content);
  }
  store.saveLayer({ diffId: kept, sizeBytes: content.length });
  const table = [kept, lost].map((diffId) => `none ${layerMount(paths, diffId)} erofs ro 0 0`).join('\n');
  const kernel = new OrderedKernel();
  const layers = new Layers({
    ...{ paths, store, effects: kernel, mounts: new Mounts(kernel, table), usersOf: () => [] },
    ...{ streams: new StreamRegistry(), events: new Events() },
  });
  await layers.recover();
  const xxhash = await loadXxhash();
  /** As the host sends one by the share of layers. */
  const send = (layer: string): Promise<void> => {
    const offered = join(shareMount(paths, 'layers0'), `${layer.slice('sha256:'.length)}.erofs`);
    mkdirSync(dirname(offered), { recursive: true });
    writeFileSync(offered, content);
    const contentDigest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const checksum = xxhash.h64Raw(content).toString(16).padStart(16, '0');
    return layers.copy({ layer, sizeBytes: content.length, contentDigest, checksum, share: 'layers0' }, never);
  };
  return { layers, kernel, paths, send, at: (layer: string) => layerMount(paths, layer) };
}

test('what an earlier agent has mounted goes with its layer: one that is sent again is not shadowed by it', async (t) => {
  const { layers, kernel, send, at } = await laidOut(t);
  assert.deepEqual(kernel.order, [`unmount ${at(lost)}`], 'without a record its file is gone, too');
  await layers.mountAll([kept]);
  assert.equal(kernel.order.length, 1, 'it is mounted already');
  await layers.drop([kept]);
  await send(kept);
  assert.deepEqual(kernel.order.slice(1), [`unmount ${at(kept)}`, `mount ${at(kept)}`]);
});

test('a layer that is sent again while it goes stays, mounted after the old one is gone', async (t) => {
  const { layers, kernel, paths, send, at } = await laidOut(t);
  const unmounted = Promise.withResolvers<undefined>();
  kernel.busy = unmounted.promise;
  kernel.order.length = 0;
  const drops = [layers.drop([kept]), layers.drop([kept])];
  const sent = send(kept);
  unmounted.resolve(undefined);
  const [first, second] = await Promise.all(drops);
  await sent;
  assert.deepEqual([first?.dropped, second?.dropped], [[kept], []]);
  assert.deepEqual(kernel.order, [`unmount ${at(kept)}`, `mount ${at(kept)}`]);
  assert.deepEqual(readFileSync(layerFile(paths, kept)), content);
  assert.deepEqual(layers.missing([kept]), []);
});
