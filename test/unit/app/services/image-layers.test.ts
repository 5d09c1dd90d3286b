import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EngineError } from '../../../../app/base/error.ts';
import { silentLog } from '../../../../app/base/log.ts';
import { ImageLayers } from '../../../../app/services/image-layers.ts';
import { protocolVersion } from '../../../../guest-agent/protocol/index.ts';
import { AskedGuest } from '../../../support/asked-guest.ts';

const file = { diffId: 'sha256:one', path: '/nowhere', sizeBytes: 1, contentDigest: 'sha256:file', checksum: '0' };
const never = new AbortController().signal;
const rebuild = () => Promise.reject(new Error('nothing is made anew here'));

test('what the guest has is asked once, and again after a removal and a new connection', async () => {
  const guest = new AskedGuest({
    'layer.missing': { missing: [] },
    'layer.drop': { dropped: [], reclaimedBytes: 0 },
  });
  const share = { usable: false, copy: () => Promise.resolve() };
  const layers = new ImageLayers(guest, { share, rebuild, onProgress: () => undefined, log: silentLog });
  const asked = () => guest.asked.filter((name) => name === 'layer.missing').length;
  await layers.ensure([file], never);
  await layers.ensure([file], never);
  assert.equal(asked(), 1);
  await layers.ensure([file, { ...file, diffId: 'sha256:two' }], never);
  assert.equal(asked(), 2);
  await layers.drop([file.diffId]);
  await layers.ensure([file], never);
  assert.equal(asked(), 3);
  guest.reconnected({
    ...{ protocolVersion, agentVersion: '0', agentInstance: 'second', bootId: 'boot', kernel: '6' },
    ...{ architecture: 'amd64', cpus: 1, memoryBytes: 1 },
  });
  await layers.ensure([file], never);
  assert.equal(asked(), 4);
});

test('who asks while layers are being dropped waits for all drops', async () => {
  const drops = [Promise.withResolvers<object>(), Promise.withResolvers<object>()];
  let next = 0;
  const guest = new AskedGuest({ 'layer.missing': { missing: [] }, 'layer.drop': () => drops[next++]?.promise });
  const share = { usable: false, copy: () => Promise.resolve() };
  const layers = new ImageLayers(guest, { share, rebuild, onProgress: () => undefined, log: silentLog });
  const dropping = [layers.drop(['sha256:one']), layers.drop(['sha256:two'])];
  const ensured = layers.ensure([file], never);
  drops[1]?.resolve({});
  await dropping[1];
  await setImmediate();
  assert.deepEqual(guest.asked, ['layer.drop', 'layer.drop']);
  drops[0]?.resolve({});
  await ensured;
  assert.deepEqual(guest.asked, ['layer.drop', 'layer.drop', 'layer.missing']);
});

test('a layer whose file is damaged is made anew, once', async () => {
  for (const heals of [true, false]) {
    const guest = new AskedGuest({ 'layer.missing': { missing: [file.diffId] } });
    const paths: string[] = [];
    const copy = (_: unknown, { path }: { path: string }) => {
      paths.push(path);
      const bad = !heals || path === file.path;
      return bad ? Promise.reject(new EngineError('corrupt-content', 'other bytes')) : Promise.resolve();
    };
    const again = () => Promise.resolve({ ...file, path: '/anew' });
    const share = { usable: true, copy };
    const layers = new ImageLayers(guest, { share, rebuild: again, onProgress: () => undefined, log: silentLog });
    const ensured = layers.ensure([file], never);
    if (heals) await ensured;
    else await assert.rejects(ensured, { code: 'corrupt-content' });
    assert.deepEqual(paths, ['/nowhere', '/anew', ...(heals ? [] : ['/anew'])]);
  }
});
