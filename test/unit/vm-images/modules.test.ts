import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  aliasIndex,
  dependencyIndex,
  loadOrder,
  moduleName,
  unsigned,
  type KernelModule,
} from '../../../vm-images/modules.ts';

function module(name: string, depends: string[] = [], softDepends: string[] = []): KernelModule {
  return { name, path: `kernel/${name}.ko`, depends, softDepends, aliases: [`alias-of-${name}`] };
}

function order(wanted: string[], all: KernelModule[], builtIn: string[] = []): string[] {
  const byName = new Map(all.map((m) => [m.name, m]));
  return loadOrder(wanted, (name) => byName.get(name), new Set(builtIn)).map(({ name }) => name);
}

test('hyphens, folders and compression do not belong to a name', () => {
  assert.equal(moduleName('kernel/drivers/char/hw_random/virtio-rng.ko.xz'), 'virtio_rng');
});

test('a module is loaded after what it needs, each once, without what is built in', () => {
  const all = [module('bridge', ['llc', 'stp']), module('stp', ['llc']), module('llc', ['core'])];
  assert.deepEqual(order(['bridge', 'stp'], all, ['core']), ['llc', 'stp', 'bridge']);
});

test('a soft dependency comes first when it is a module, and is no fault when it is none', () => {
  const all = [module('erofs', [], ['crc32c', 'nowhere']), module('crc32c')];
  assert.deepEqual(order(['erofs'], all), ['crc32c', 'erofs']);
});

test('an unknown module is named', () => {
  assert.throws(() => order(['nft_dream'], []), /no module nft_dream/);
});

test('modules.dep lists needs so that modprobe, which loads from the end, never meets an unknown symbol', () => {
  // Modules numbered so that each may need only lower ones: every acyclic graph has such a numbering.
  const graphs = fc.array(fc.array(fc.nat({ max: 20 }), { maxLength: 4 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(graphs, (graph) => {
      const all = graph.map((needs, n) =>
        module(
          `m${n}`,
          [...new Set(needs.filter((d) => d < n))].map((d) => `m${d}`),
        ),
      );
      const byPath = new Map(all.map((m) => [m.path, m]));
      for (const line of dependencyIndex(all).trim().split('\n')) {
        const [path = '', rest = ''] = line.split(':');
        const loaded = new Set<string>();
        for (const dep of [...rest.trim().split(' ').filter(Boolean).reverse(), path]) {
          const one = byPath.get(dep);
          assert.ok(one !== undefined, dep);
          for (const need of one.depends) assert.ok(loaded.has(need), `${dep} before ${need}`);
          loaded.add(one.name);
        }
      }
    }),
  );
});

test('modules.alias maps every alias to its module', () => {
  assert.equal(aliasIndex([module('veth')]), 'alias alias-of-veth veth\n');
});

test('a signature is cut off by its own length; an unsigned module stays as it is', () => {
  const body = Buffer.from('the module itself');
  const info = Buffer.alloc(12);
  info.writeUInt32BE(100, 8);
  const signed = Buffer.concat([body, Buffer.alloc(100, 1), info, Buffer.from('~Module signature appended~\n')]);
  assert.deepEqual(unsigned(signed), body);
  assert.deepEqual(unsigned(body), body);
});
