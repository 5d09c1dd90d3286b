import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultSettings, machineSize } from '../../../../app/machine/machine-spec.ts';

const GIB = 2 ** 30;

for (const { cpus, memoryMiB, expected } of [
  { cpus: 1, memoryMiB: 1024, expected: { cpus: 1, memory: 512 } },
  { cpus: 2, memoryMiB: 4096, expected: { cpus: 2, memory: 1024 } },
  { cpus: 8, memoryMiB: 16_000, expected: { cpus: 4, memory: 3840 } },
  { cpus: 64, memoryMiB: 262_144, expected: { cpus: 4, memory: 8192 } },
])
  test(`a host of ${cpus} CPUs and ${memoryMiB} MiB gives a machine of ${expected.cpus} and ${expected.memory}`, () => {
    const settings = defaultSettings({ cpus, memoryMiB });
    assert.deepEqual([settings.cpus, settings.memoryBytes / 2 ** 20], [expected.cpus, expected.memory]);
    assert.deepEqual(machineSize(settings, { cpus, memoryMiB }), { cpus: expected.cpus, memoryMiB: expected.memory });
  });

const host = { cpus: 4, memoryMiB: 8192 };
const good = { ...defaultSettings(host), cpus: 2, memoryBytes: GIB };

test('a forced accelerator is handed on', () => {
  const size = machineSize({ ...good, accelerator: 'tcg' }, host);
  assert.deepEqual(size, { cpus: 2, memoryMiB: 1024, accelerator: 'tcg' });
});

for (const { what, change, code, message } of [
  { what: 'no CPU', change: { cpus: 0 }, code: 'invalid-argument', message: /number of CPUs is 0/ },
  { what: 'half a CPU', change: { cpus: 1.5 }, code: 'invalid-argument', message: /number of CPUs is 1.5/ },
  { what: 'more CPUs than the host', change: { cpus: 5 }, code: 'invalid-argument', message: /this host has 4/ },
  { what: 'too little memory', change: { memoryBytes: 200 * 2 ** 20 }, code: 'invalid-argument', message: /is 200/ },
  { what: "the host's whole memory", change: { memoryBytes: 8 * GIB }, code: 'no-memory', message: /8192 MiB/ },
  { what: 'a tiny disk', change: { diskBytes: 1000 }, code: 'invalid-argument', message: /disk size in MiB is 0/ },
])
  test(`${what} is refused, saying what would do`, () => {
    assert.throws(
      () => machineSize({ ...good, ...change }, host),
      (error: unknown) =>
        error instanceof Error &&
        'code' in error &&
        error.code === code &&
        'hint' in error &&
        typeof error.hint === 'string' &&
        message.test(error.message),
    );
  });
