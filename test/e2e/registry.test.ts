/** From a registry into a container: what run lacks is fetched, and no credential goes along. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { berth, ok } from '../support/berth.ts';
import { startRegistry } from '../support/images/registry.ts';

test('run fetches the image that is not here, starts from it, and needs no registry after that', async (t) => {
  const registry = await startRegistry(t, { empty: true });
  const image = `${registry.address}/tools/box:1`;
  t.after(() => berth(['image', 'rm', '--force', image]));
  await ok(['image', 'tag', 'busybox', image]);
  await ok(['push', '--quiet', image]);
  await ok(['image', 'rm', image]);
  const never = await berth(['run', '--rm', '--pull', 'never', image, 'true']);
  assert.equal(never.code, 125);
  const { code, stdout, stderr } = await berth(['run', '--rm', image, 'echo', 'hello']);
  assert.deepEqual([code, stdout], [0, 'hello\n'], stderr);
  await registry.stop();
  assert.equal(await ok(['run', '--rm', image, 'echo', 'again']), 'again');
  const always = await berth(['run', '--rm', '--pull', 'always', image, 'true']);
  assert.equal(always.code, 125);
  assert.match(always.stderr, /it refuses connections/);
});
