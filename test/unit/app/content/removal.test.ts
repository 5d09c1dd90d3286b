import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Found } from '../../../../app/content/find-image.ts';
import type { ImageRecord } from '../../../../app/content/image-index.ts';
import { parsePlatform } from '../../../../app/content/oci.ts';
import { planRemoval, type ImageUser } from '../../../../app/content/removal.ts';

const image = (...references: string[]): ImageRecord => ({
  manifestDigest: `sha256:${'1'.repeat(64)}`,
  configDigest: `sha256:${'2'.repeat(64)}`,
  platform: { os: 'linux', architecture: 'amd64', variant: undefined },
  created: undefined,
  layers: [],
  references,
});
const by = (name: string | undefined, of: ImageRecord): Found => ({
  ...(name !== undefined && { name }),
  images: [of],
});
const stopped: ImageUser = { machine: 'default', container: 'old', running: false };
const running: ImageUser = { machine: 'work', container: 'web', running: true };

/** As `docker rmi` decides: what goes, or the error. */
const cases: readonly [
  what: string,
  found: Found,
  users: ImageUser[],
  force: boolean,
  goes: [number, number] | RegExp,
][] = [
  ['one of two names', by('a', image('a', 'b')), [], false, [1, 1]],
  ['one of two names of an image in use', by('a', image('a', 'b')), [running], false, [1, 1]],
  ['the last name', by('a', image('a')), [], false, [1, 1]],
  [
    'the last name of an image in use',
    by('a', image('a')),
    [stopped],
    false,
    /stopped container old of the machine default/,
  ],
  ['that with force: the image stays without a name', by('a', image('a')), [running], true, [1, 0]],
  ['an ID of one name', by(undefined, image('a')), [], false, [1, 1]],
  ['an ID without a name', by(undefined, image()), [], false, [0, 1]],
  ['an ID of two names', by(undefined, image('a', 'b')), [], false, /has several names: a, b/],
  ['that with force', by(undefined, image('a', 'b')), [], true, [2, 1]],
  ['an ID in use by a stopped container', by(undefined, image('a')), [stopped], false, /by the stopped container old/],
  ['that with force', by(undefined, image('a')), [stopped], true, [1, 1]],
  [
    'an ID in use by a running container, with force',
    by(undefined, image('a')),
    [stopped, running],
    true,
    /by the running container web of the machine work/,
  ],
];

test('a platform of several leaves the name; with the last one the name goes', () => {
  const arm = { ...image('a'), manifestDigest: `sha256:${'3'.repeat(64)}` as const };
  const two: Found = {
    name: 'a',
    images: [image('a'), { ...arm, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
  };
  const goes = (...platforms: string[]) => planRemoval('it', two, { platforms: platforms.map(parsePlatform) });
  assert.deepEqual(goes('linux/arm64').leaving, [{ name: 'a', manifest: arm.manifestDigest }]);
  assert.deepEqual(goes('linux/arm64').names, []);
  assert.deepEqual(goes('linux/arm64', 'linux/amd64').names, ['a']);
  assert.throws(() => goes('linux/s390x'), { code: 'wrong-platform' });
});

for (const [what, found, users, force, goes] of cases)
  test(what, () => {
    const plan = () => planRemoval('it', found, { force, usersOf: () => users });
    if (goes instanceof RegExp) assert.throws(plan, { code: 'in-use', message: goes });
    else {
      const { names, images } = plan();
      assert.deepEqual([names.length, images.length], goes);
    }
  });
