import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageInspect } from '../../../../app/docker-api/codec/image.ts';
import { layersSize, sharedSizes } from '../../../../app/docker-api/codec/image-sizes.ts';
import { onePlatformOf, platformsOf } from '../../../../app/docker-api/codec/platform.ts';
import { queryOf } from '../../../../app/docker-api/request.ts';

const image = (digest: string, ...layers: [string, number][]) => ({
  digest,
  layers: layers.map(([layer, sizeBytes]) => ({ digest: layer, sizeBytes })),
});

test('layers are shared between images, not within one; each is counted once in all', () => {
  const images = [image('one', ['a', 1], ['b', 10], ['b', 10]), image('two', ['a', 1], ['c', 100]), image('three')];
  assert.deepEqual(
    [...sharedSizes(images)],
    [
      ['one', 1],
      ['two', 1],
      ['three', 0],
    ],
  );
  assert.equal(layersSize(images), 111);
});

test('an image tells its health check and what it does when others are built on it', () => {
  const Healthcheck = { Test: ['CMD', 'true'], Interval: 1e9 };
  const config = { config: { Healthcheck, OnBuild: ['RUN true'] } };
  const summary = {
    ...{ id: 'i', digest: 'd', references: [], repoDigests: [], platform: 'linux/amd64', createdAt: '' },
    ...{ sizeBytes: 1, layers: [], labels: {} },
  };
  const { Config } = imageInspect({ summary, config }, 51);
  assert.deepEqual([Config.Healthcheck, Config.OnBuild], [Healthcheck, ['RUN true']]);
  assert.equal('Healthcheck' in imageInspect({ summary, config: {} }, 51).Config, false);
});

const query = (...platforms: string[]) =>
  queryOf(new URLSearchParams(platforms.map((text): [string, string] => ['platform', text])).toString());

test('platforms in JSON: each once; half of one, and what is none, is refused in Docker’s words', () => {
  const [amd, arm] = ['{"os":"linux","architecture":"amd64"}', '{"os":"linux","architecture":"arm","variant":"v7"}'];
  assert.deepEqual(platformsOf(query(amd, arm, amd), 'platform'), ['linux/amd64', 'linux/arm/v7']);
  assert.equal(onePlatformOf(query(arm)), 'linux/arm/v7');
  assert.equal(onePlatformOf(query()), undefined);
  const wrong: [string[], RegExp][] = [
    [[amd, arm], /multiple platform parameters/],
    [['{"os":"linux"}'], /both OS and Architecture must be provided/],
    [['{"variant":"v7"}'], /optional platform fields provided/],
    [['linux/amd64'], /invalid JSON/],
  ];
  for (const [platforms, message] of wrong)
    assert.throws(() => onePlatformOf(query(...platforms)), { code: 'invalid-argument', message });
});
