/** The images and the registry that other tests use are what they say they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../../vm-images/run.ts';
import { builtImages } from '../../support/images/build.ts';
import { debianArch } from '../../support/images/packages.ts';
import { startRegistry } from '../../support/images/registry.ts';
import { testImages } from '../../support/images/recipes.ts';

interface Inspected {
  Digest: string;
  Architecture: string;
  Layers: string[];
  Env: string[];
}

test('skopeo finds every image in the registry, with its digest and configuration; base layers are shared', async (t) => {
  const images = await builtImages();
  const registry = await startRegistry(t);
  const layers = new Map<string, string[]>();
  for (const [name, { reference, manifestDigest }] of Object.entries(images)) {
    const output = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${registry.address}/${reference}`]);
    const found = JSON.parse(output.toString()) as Inspected;
    assert.equal(found.Digest, manifestDigest);
    assert.equal(found.Architecture, debianArch);
    assert.deepEqual(found.Env, testImages[name as keyof typeof testImages].config.Env);
    layers.set(name, found.Layers);
  }
  const [base] = layers.get('debian') ?? [];
  for (const name of ['python', 'nginx', 'redis', 'postgres']) {
    assert.equal(layers.get(name)?.length, 2);
    assert.equal(layers.get(name)?.[0], base);
  }
});

test('a registry of its own takes a push and is gone afterwards', async () => {
  const { busybox } = await builtImages();
  const registry = await startRegistry(undefined, { empty: true });
  const target = `docker://${registry.address}/some/where:else`;
  await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${busybox.layout}:${busybox.reference}`, target]);
  assert.match(registry.log(), /PUT.*\/v2\/some\/where\/manifests\/else/);
  const inspect = ['inspect', '--tls-verify=false', '--raw', target];
  assert.match((await run('skopeo', inspect)).toString(), /"layers":/);
  await registry.stop();
  await assert.rejects(run('skopeo', inspect), /refused/);
});
