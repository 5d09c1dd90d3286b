/** `berth search`, and mounts of other containers, by the real command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunConfig, SearchParams } from '../../../app/contract/index.ts';
import { command } from '../../support/berth.ts';
import { containerInfo } from '../../support/container-info.ts';
import { fakeHost, nodeArguments, runningEngine, type FakeHost } from '../../support/cli.ts';

const berth = (host: FakeHost, ...args: string[]) =>
  command(process.execPath, nodeArguments(...args), { env: host.env });

test('search lists what the registry has found, filtered and cut', async (t) => {
  const asked: SearchParams[] = [];
  const found = { description: `Long\n${'words '.repeat(12)}`, stars: 7, official: true, automated: false };
  const host = await fakeHost(t, {
    images: {
      search: (params) => {
        asked.push(params);
        return Promise.resolve([
          { ...found, name: 'app' },
          { ...found, name: 'team/app', official: false },
        ]);
      },
    },
  });
  const { stdout, code } = await berth(host, 'search', '--filter', 'is-official=true', '--limit', '9', 'here:5000/app');
  assert.match(stdout, /^NAME +DESCRIPTION +STARS +OFFICIAL\napp +Long words .{33}… +7 +\[OK\]\n$/);
  assert.equal(code, 0);
  assert.deepEqual(asked, [{ term: 'here:5000/app', limit: 9 }]);
  const wrong = await berth(host, 'search', '--filter', 'stars=many', 'app');
  assert.match(wrong.stderr, /invalid filter 'stars=many'/);
  assert.notEqual(wrong.code, 0);
  assert.notEqual((await berth(host, 'search', '--limit', '101', 'app')).code, 0);
});

test('--volumes-from mounts what another container has, but where the own mounts are', async (t) => {
  const made: RunConfig[] = [];
  const volume = { type: 'volume', readOnly: false, copyUp: true } as const;
  const giver = containerInfo('giver', {
    mounts: [
      { ...volume, name: 'data', target: '/data' },
      { ...volume, name: '', target: '/made-up' },
      { ...volume, name: 'other', target: '/own' },
    ],
  });
  const host = await fakeHost(t, {
    engine: runningEngine,
    containers: {
      inspect: () => Promise.resolve({ ...giver, volumes: { '/made-up': 'f00d' } }),
      create: ({ config }) => {
        made.push(config);
        return Promise.resolve({ id: 'new', name: 'new', warnings: [] });
      },
    },
  });
  const line = ['create', '--volumes-from', 'giver:ro', '-v', 'mine:/own', 'busybox'];
  assert.equal((await berth(host, ...line)).stdout, 'new\n');
  assert.deepEqual(
    made[0]?.mounts.map((mount) => ('name' in mount ? [mount.name, mount.target, mount.readOnly] : [])),
    [
      ['mine', '/own', false],
      ['data', '/data', true],
      ['f00d', '/made-up', true],
    ],
  );
  const wrong = await berth(host, 'create', '--volumes-from', 'giver:odd', 'busybox');
  assert.match(wrong.stderr, /invalid volumes-from specification: "giver:odd"/);
});
