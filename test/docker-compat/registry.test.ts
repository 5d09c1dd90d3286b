/** A registry that is a container of ours, reached by its published port: pushed to and pulled from by the real `docker`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { berth, ok } from '../support/berth.ts';
import { dockerIsHere, shell } from '../support/docker-command.ts';
import { buildSet, builtImages } from '../support/images/build.ts';
import { registryImages } from '../support/images/registry-image.ts';
import { until } from '../support/until.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';

async function docker(words: string): Promise<string> {
  const { code, stdout, stderr } = await shell(`docker ${words}`);
  assert.equal(code, 0, `docker ${words}\n${stderr}`);
  return stdout.trim();
}

test('push and pull back: the same digest, the same image, and it runs', { skip }, async (t) => {
  const { registry } = await buildSet('registry', registryImages);
  const { debian } = await builtImages();
  await ok(['image', 'import', registry.layout, 'push/registry']);
  await ok(['image', 'import', debian.layout, 'push/debian']);
  t.after(() => berth(['image', 'rm', '-f', 'push/registry', 'push/debian']));
  const id = await docker('run -d -p 127.0.0.1::5000 push/registry');
  t.after(() => shell(`docker rm -f -v ${id}`));
  const address = await docker(`port ${id} 5000`);
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  await until('the registry answers', async () => (await fetch(`http://${address}/v2/`)).ok);

  for (const source of ['busybox', 'push/debian']) {
    const name = `${address}/team/${source.replace('push/', '')}`;
    const image = await docker(`image inspect -f {{.Id}} ${source}`);
    await docker(`tag ${source} ${name}:v1`);
    const pushed = /^v1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(await docker(`push ${name}:v1`))?.[1];
    assert.ok(pushed !== undefined, 'the digest was not printed');
    assert.match(await docker(`push ${name}:v1`), /Layer already exists/, 'layers are sent once');
    await docker(`rmi ${name}:v1`);
    const pulled = await docker(`pull ${name}:v1`);
    assert.match(pulled, new RegExp(`^Digest: ${pushed}$`, 'm'));
    assert.equal(await docker(`image inspect -f {{.Id}} ${name}:v1`), image);
    assert.match(await docker(`image inspect -f {{.RepoDigests}} ${name}:v1`), new RegExp(`${name}@${pushed}`));
    await docker(`pull ${name}@${pushed}`);
    assert.equal(await docker(`run --rm ${name}:v1 echo pulled`), 'pulled');
    await docker(`rmi -f ${name}:v1`);
    await shell(`docker rmi -f ${name}@${pushed}`);
  }
  const several = `${address}/team/several`;
  for (const tag of ['one', 'two']) await docker(`tag busybox ${several}:${tag}`);
  assert.match(
    (await shell(`docker push ${several}`)).stderr,
    /does not exist locally with the tag: latest|No such image/,
  );
  const pushed = await docker(`push -a ${several}`);
  for (const tag of ['one', 'two']) assert.match(pushed, new RegExp(`^${tag}: digest: sha256:`, 'm'));
  await docker(`rmi ${several}:one ${several}:two`);
  await docker(`pull -a ${several}`);
  assert.deepEqual((await docker(`images --format {{.Tag}} ${several}`)).split('\n').toSorted(), ['one', 'two']);
  await docker(`rmi ${several}:one ${several}:two`);
  assert.equal((await shell(`docker push -a ${address}/team/never`)).code, 1);
  assert.match((await shell(`docker pull ${address}/team/none`)).stderr, /not found|manifest unknown/);
});
