import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AddressPool, macFor, NumberPool } from '../../../../guest-agent/services/addresses.ts';
import { deviceNumber } from '../../../../guest-agent/services/devices.ts';
import { IdRanges, firstRange, rangeSize } from '../../../../guest-agent/services/id-ranges.ts';
import { readContainerFile, readImageFile } from '../../../../guest-agent/services/image-files.ts';
import { mountOp } from '../../../../guest-agent/services/mounts.ts';
import { Mutex } from '../../../../guest-agent/services/mutex.ts';
import { checkName, madeUpName } from '../../../../guest-agent/services/names.ts';
import { ownerOf } from '../../../../guest-agent/services/processes.ts';
import { resolveBeneath } from '../../../../guest-agent/services/resolve-beneath.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-small-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('what is allotted', () => {
  test('addresses: each to one holder, a freed one last', () => {
    const small = new AddressPool({ subnet: '10.1.2.0/29', gateway: '10.1.2.1', reserved: { router: '10.1.2.4' } });
    assert.deepEqual([small.take(), small.take(), small.take('10.1.2.6')], ['10.1.2.2', '10.1.2.3', '10.1.2.6']);
    assert.throws(() => small.take('10.1.2.6'), { code: 'in-use', message: /Address already in use/ });
    assert.throws(() => small.take('10.1.3.6'), { code: 'invalid-argument' });
    small.free('10.1.2.2');
    assert.deepEqual([small.take(), small.take()], ['10.1.2.5', '10.1.2.2']);
    assert.throws(() => small.take(), { code: 'in-use', message: /no available addresses/ });
    const six = new AddressPool({ subnet: 'fd00::/64', ipRange: 'fd00::ff00/120', gateway: 'fd00::1' });
    assert.deepEqual([six.take(), six.take(), six.prefixLength], ['fd00::ff00', 'fd00::ff01', 64]);
    assert.equal(macFor('172.30.0.2'), '02:42:ac:1e:00:02');
    const pool = new NumberPool('addresses', 10, 12);
    pool.reserve(11);
    assert.deepEqual([pool.take(), pool.take()], [10, 12]);
    assert.throws(() => pool.take(), /All 3 addresses are in use/);
    pool.free(10);
    assert.equal(pool.take(), 10);
  });

  test('id ranges do not overlap and skip those known before', () => {
    const ranges = new IdRanges([firstRange]);
    const [a, b] = [ranges.allot(), ranges.allot()];
    assert.deepEqual([a, b], [firstRange + rangeSize, firstRange + 2 * rangeSize]);
    ranges.free(a);
    assert.notEqual(ranges.allot(), a);
  });

  test('names: made up until one is free; what cannot be a name is refused', () => {
    const taken = new Set<string>();
    for (let count = 0; count < 300; count += 1) {
      const name = madeUpName((candidate) => taken.has(candidate));
      checkName('The container', name);
      assert.ok(!taken.has(name));
      taken.add(name);
    }
    let refused = 0;
    assert.match(
      madeUpName(() => (refused += 1) < 30),
      /^[a-z]+_[a-z]+\d+$/,
    );
    for (const name of ['', 'a', '-ab', 'a b', 'a/b', '../x', 'ä1', 'x'.repeat(300)])
      assert.throws(() => checkName('The container', name));
  });
});

describe('the lock', () => {
  test('one after another, also when one fails', async () => {
    const mutex = new Mutex();
    const order: string[] = [];
    const work =
      (name: string, fail = false) =>
      async (): Promise<void> => {
        order.push(`${name} begins`);
        await turn();
        order.push(`${name} ends`);
        if (fail) throw new Error(name);
      };
    const results = await Promise.allSettled([mutex.run(work('a')), mutex.run(work('b', true)), mutex.run(work('c'))]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    assert.ok(mutex.idle);
  });
});

describe('files of images and volumes', () => {
  test('paths are resolved as in the container: links stay inside', () => {
    mkdirSync(join(root, 'run/lock'), { recursive: true });
    mkdirSync(join(root, 'var'));
    symlinkSync('/run', join(root, 'var/run'));
    symlinkSync('../../../../run/./lock', join(root, 'up'));
    symlinkSync('loop', join(root, 'loop'));
    assert.equal(resolveBeneath(root, '/var/run/lock'), join(root, 'run/lock'));
    assert.equal(resolveBeneath(root, 'up'), join(root, 'run/lock'));
    assert.equal(resolveBeneath(root, '/../../run'), join(root, 'run'));
    assert.equal(resolveBeneath(root, '/loop'), undefined);
    assert.equal(resolveBeneath(root, '/nothing/here'), undefined);
  });

  test('a file of the image is that of the topmost layer that has one', () => {
    for (const layer of ['1', '2', '3']) mkdirSync(join(root, layer, 'etc'), { recursive: true });
    writeFileSync(join(root, '1/etc/passwd'), 'old');
    writeFileSync(join(root, '2/etc/passwd'), 'new');
    const layers = ['1', '2', '3'].map((name) => join(root, name));
    assert.equal(readImageFile(layers, '/etc/passwd'), 'new');
    assert.equal(readImageFile(layers, '/etc/group'), '');
    mkdirSync(join(root, '3/etc/passwd'));
    assert.equal(readImageFile(layers, '/etc/passwd'), '');
  });

  test('a container’s own file counts as soon as it has the folder', () => {
    mkdirSync(join(root, 'image/etc'), { recursive: true });
    writeFileSync(join(root, 'image/etc/passwd'), 'of the image');
    const [layers, upper] = [[join(root, 'image')], join(root, 'upper')];
    assert.equal(readContainerFile(layers, upper, '/etc/passwd'), 'of the image');
    assert.equal(readContainerFile(layers, upper, '/etc/group'), '');
    mkdirSync(join(upper, 'etc'), { recursive: true });
    assert.equal(readContainerFile(layers, upper, '/etc/passwd'), 'of the image');
    writeFileSync(join(upper, 'etc/passwd'), 'its own');
    assert.equal(readContainerFile(layers, upper, '/etc/passwd'), 'its own');
  });
});

describe('words of the kernel', () => {
  test('device numbers, mount options, cgroups', () => {
    assert.deepEqual(deviceNumber(0x0103), { major: 1, minor: 3 });
    assert.deepEqual(deviceNumber(0x12345678), { major: 0x456, minor: 0x12378 });
    const op = mountOp({
      type: '9p',
      source: 'fs0',
      target: '/t',
      options: 'ro,trans=virtio,nosuid,rw,cache=loose',
      why: '',
    });
    assert.ok(op.op === 'mount' && op.flags === 3n && op.data === 'trans=virtio,cache=loose');
    const id = 'a'.repeat(64);
    assert.equal(ownerOf(`0::/berth/${id}/inner\n`), id);
    assert.equal(ownerOf(`0::/berth/group/sub/${id}\n`), id);
    assert.equal(ownerOf('0::/berth/unshare-12ab\n'), 'unshare');
    assert.equal(ownerOf('0::/\n'), '');
  });
});
