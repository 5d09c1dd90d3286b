/** Real images, pulled, unpacked, pushed elsewhere and pulled back: the digests stay, and skopeo says the same of them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { builtImages } from '../../../support/images/build.ts';
import { startRegistry } from '../../../support/images/registry.ts';
import { ownClient, plain, quietly } from '../../../support/registry-client.ts';

interface Inspected {
  Digest: string;
  Layers: string[];
}

async function skopeo<T>(reference: string, ...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)('skopeo', [
    'inspect',
    '--tls-verify=false',
    ...args,
    `docker://${reference}`,
  ]);
  return JSON.parse(stdout) as T;
}

test('every test image goes from one registry through two stores into another with the same digests', async (t) => {
  const images = Object.values(await builtImages());
  const [from, to] = [await startRegistry(t), await startRegistry(t, { empty: true })];
  const [here, elsewhere] = [await ownClient(t), await ownClient(t)];
  for (const { reference, manifestDigest } of images) {
    const [source, target] = [`${from.address}/${reference}`, `${to.address}/copies/${reference}`];
    assert.equal((await here.client.pull({ ...plain, reference: source })).digest, manifestDigest);
    here.store.tag(source, target);
    assert.equal((await here.client.push({ ...quietly, reference: target })).digest, manifestDigest);
    const witness = await skopeo<Inspected>(target);
    assert.equal(witness.Digest, manifestDigest);
    assert.equal((await elsewhere.client.pull({ ...plain, reference: target })).digest, manifestDigest);
    const [image] = elsewhere.store.find(target).images;
    assert.equal(image.manifestDigest, manifestDigest);
    assert.deepEqual(
      image.layers.map(({ digest }) => digest),
      witness.Layers,
    );
    const { config } = await elsewhere.store.config(image);
    const theirs = await skopeo<{ config: Record<string, unknown> }>(target, '--config');
    for (const [key, value] of Object.entries(theirs.config))
      assert.deepEqual(config?.[key as keyof typeof config], value, `${reference}: ${key}`);
  }
});
