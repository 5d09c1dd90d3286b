import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { acceleratorReports, acceleratorsToTry } from '../../../../../../app/machine/backends/qemu/accelerator-plan.ts';
import { kvmObstacle } from '../../../../../../app/machine/backends/qemu/probe.ts';
import { Verdicts } from '../../../../../../app/machine/backends/qemu/verdicts.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-verdicts-'));
test.after(() => rm(folder, { recursive: true }));

const linux = { hostOs: 'linux', hostArch: 'x64', guestArch: 'x64', verdicts: [] } as const;
const broken = { accelerator: 'kvm', works: false, reason: 'trial boot failed' } as const;

for (const { what, choice, expected } of [
  { what: 'Linux', choice: linux, expected: ['kvm', 'tcg'] },
  { what: 'macOS', choice: { ...linux, hostOs: 'darwin' }, expected: ['hvf', 'tcg'] },
  { what: 'Windows', choice: { ...linux, hostOs: 'win32' }, expected: ['whpx', 'tcg'] },
  { what: 'a guest of another architecture', choice: { ...linux, guestArch: 'arm64' }, expected: ['tcg'] },
  { what: 'no /dev/kvm', choice: { ...linux, obstacle: 'there is none' }, expected: ['tcg'] },
  { what: 'a kvm that hung', choice: { ...linux, verdicts: [broken] }, expected: ['tcg'] },
  { what: 'a kvm that worked', choice: { ...linux, verdicts: [{ ...broken, works: true }] }, expected: ['kvm', 'tcg'] },
] as const)
  test(`${what}: ${expected.join(', then ')}`, () => {
    assert.deepEqual(acceleratorsToTry(acceleratorReports(choice)), expected);
  });

test('a report says why an accelerator is not used', () => {
  const [hardware] = acceleratorReports({ ...linux, verdicts: [broken] });
  assert.deepEqual(hardware, { accelerator: 'kvm', usable: false, reason: 'trial boot failed' });
});

test('a forced accelerator is the only one tried, against all reports; an unknown name is refused', () => {
  const reports = acceleratorReports({ ...linux, verdicts: [broken] });
  assert.deepEqual(acceleratorsToTry(reports, 'kvm'), ['kvm']);
  assert.throws(() => acceleratorsToTry(reports, 'xen'), { code: 'invalid-argument' });
  assert.throws(() => acceleratorsToTry(reports, 'hvf'), { code: 'no-hypervisor' });
});

test('/dev/kvm that is not there is an obstacle, one that can be written is not', async () => {
  const device = join(folder, 'kvm');
  assert.match((await kvmObstacle(device)) ?? '', /there is no/);
  await writeFile(device, '');
  assert.equal(await kvmObstacle(device), undefined);
});

test('verdicts are kept per situation, the last word counts, and can be forgotten', async () => {
  const verdicts = new Verdicts(join(folder, 'verdicts.json'));
  assert.deepEqual(await verdicts.list(), []);
  await verdicts.remember('boot-1', 'kvm', true, 'booted a guest');
  await verdicts.remember('boot-2', 'kvm', false, 'hung');
  await verdicts.remember('boot-1', 'kvm', false, 'hung later');
  const kept = await new Verdicts(join(folder, 'verdicts.json')).of('boot-1');
  assert.deepEqual(
    kept.map(({ works, reason }) => [works, reason]),
    [[false, 'hung later']],
  );
  assert.equal((await verdicts.list()).length, 2);
  await verdicts.forget();
  assert.deepEqual(await verdicts.list(), []);
});

test('many situations do not let the file grow for ever', async () => {
  const path = join(folder, 'many.json');
  const verdicts = new Verdicts(path);
  for (let boot = 0; boot < 40; boot++) await verdicts.remember(`boot-${boot}`, 'tcg', true, 'booted a guest');
  const list = await verdicts.list();
  assert.equal(list.length, 32);
  assert.equal(list[0]?.situation, 'boot-39');
});

test('a damaged file of verdicts means new trials', async () => {
  const path = join(folder, 'damaged.json');
  await writeFile(path, '{"verdicts":[{"accelerator":"xen"}]}');
  const verdicts = new Verdicts(path);
  assert.deepEqual(await verdicts.list(), []);
  await verdicts.remember('boot', 'tcg', true, 'booted a guest');
  assert.match(await readFile(path, 'utf8'), /booted a guest/);
});
