import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskUse, type DiskItems } from '../../../../app/docker-api/codec/disk-use.ts';

const volume = (Name: string, RefCount: number, Size: number) => ({ Name, UsageData: { RefCount, Size } });
const items = {
  ...{ images: [{ Id: 'i', Containers: 1 }], layers: { total: 50, idle: 20 } },
  containers: [
    { State: 'running', SizeRw: 3 },
    { State: 'exited', SizeRw: 4 },
  ],
  volumes: [volume('used', 1, 100), volume('idle', 0, 1000)],
} as unknown as DiskItems;
const ask = { wants: () => true, wrong: undefined, verbose: false };
const legacy = ['BuildCache', 'Containers', 'Images', 'LayersSize', 'Volumes'];

test('what volumes take is counted, and what goes with those that nobody uses', () => {
  const { VolumeUsage } = diskUse(items, { ...ask, minor: 52 }) as { VolumeUsage: object };
  assert.deepEqual(VolumeUsage, { ActiveCount: 1, TotalCount: 2, TotalSize: 1100, Reclaimable: 1000 });
});

test('lists alone, then lists beside totals, then the items of totals where they are asked for', () => {
  const keys = (minor: number, verbose: boolean) => Object.keys(diskUse(items, { ...ask, minor, verbose })).toSorted();
  const totals = ['BuildCacheUsage', 'ContainerUsage', 'ImageUsage', 'VolumeUsage'];
  assert.deepEqual(keys(51, false), legacy);
  assert.deepEqual(keys(51, true), legacy);
  assert.deepEqual(keys(52, false), [...legacy, ...totals].toSorted());
  assert.deepEqual(keys(52, true), totals);
  const { VolumeUsage } = diskUse(items, { ...ask, minor: 52, verbose: true }) as { VolumeUsage: { Items: object[] } };
  assert.deepEqual(VolumeUsage.Items, items.volumes);
});
