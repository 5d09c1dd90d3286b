import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { silentLog } from '../../../app/base/log.ts';
import { hostFacts } from '../../../app/base/platform.ts';
import { endProcess } from '../../../app/base/process.ts';
import { livePid, startTimeOf } from '../../../app/base/process-identity.ts';
import { QemuBackend, type QemuLimits } from '../../../app/machine/backends/qemu/index.ts';
import type { MachineSpec } from '../../../app/machine/machine-spec.ts';

const facts = hostFacts();
const fake = join(import.meta.dirname, 'fake-qemu.ts');

async function setUp(t: test.TestContext, behaviour: object, limits: Partial<QemuLimits> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-qemu-'));
  t.after(async () => {
    const pid = await livePid(join(folder, 'run/qemu.pid'), facts.os);
    if (pid !== undefined) await endProcess(pid, facts.os, 0);
    await rm(folder, { recursive: true, force: true });
  });
  const program = join(folder, 'qemu');
  const setting = `FAKE_QEMU='${JSON.stringify(behaviour)}'`;
  await writeFile(program, `#!/bin/sh\n${setting} exec '${process.execPath}' '${fake}' "$@"\n`);
  await chmod(program, 0o755);
  // Whether or not this host has one: the fake QEMU does not open it.
  const kvmDevice = join(folder, 'kvm');
  await writeFile(kvmDevice, '');
  const options = { host: facts, uid: facts.uid, stateDir: folder, path: '', log: silentLog, program, kvmDevice };
  const backend = () =>
    new QemuBackend({ ...options, limits: { powerButton: 2000, quit: 300, terminate: 300, ...limits } });
  const spec: MachineSpec = {
    name: 'default',
    arch: facts.arch,
    cpus: 1,
    memoryMiB: 256,
    accelerator: 'tcg',
    kernel: '/k',
    initrd: '/i',
    rootImage: '/r',
    agentImage: '/a',
    cmdline: '',
    kernelSha256: 'abc',
    dataDisk: '/d',
    runtimeDir: join(folder, 'run'),
    consoleLog: join(folder, 'console.log'),
    shares: [],
  };
  return { folder, backend, spec };
}

/** As of a process that was killed: closing removes the name that it was made with. */
async function staleSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.made`);
  await once(server, 'listening');
  await rename(`${path}.made`, path);
  server.close();
  await once(server, 'close');
}

const running = async (pid: number) => (await startTimeOf(pid, facts.os)) !== undefined;

test('a machine boots, says where ssh is, forwards ports, and stops by its power button', async (t) => {
  const { backend, spec } = await setUp(t, {});
  const stages: string[] = [];
  const vm = await backend().boot(spec, { onProgress: ({ stage }) => stages.push(stage) });
  assert.deepEqual(stages, ['accelerator', 'process', 'userland']);
  assert.deepEqual([vm.accelerator, vm.sshAddress], ['tcg', { host: '127.0.0.1', port: 40022 }]);
  await vm.hostForwards?.add({ protocol: 'tcp', host: '127.0.0.1', port: 8080 }, 80);
  await vm.hostForwards?.remove({ protocol: 'tcp', host: '127.0.0.1', port: 8080 });
  assert.ok(vm.hostForwards);
  await assert.rejects(vm.hostForwards.add({ protocol: 'tcp', host: '127.0.0.1', port: 1 }, 80), { code: 'port-busy' });
  const exit = await vm.stop('graceful');
  assert.deepEqual(exit, { kind: 'stopped', code: 0, signal: null, detail: '' });
  assert.deepEqual(await vm.stop('graceful'), exit);
  assert.ok(!(await readdir(spec.runtimeDir)).includes('qemu.pid'));
});

for (const { what, behaviour, expected } of [
  { what: 'QEMU is told to quit', behaviour: { deaf: ['system_powerdown'] }, expected: { code: 0, signal: null } },
  {
    what: 'then asked to end',
    behaviour: { deaf: ['system_powerdown', 'quit'] },
    expected: { code: null, signal: 'SIGTERM' },
  },
  {
    what: 'then killed',
    behaviour: { deaf: ['system_powerdown', 'quit'], ignoreTerm: true },
    expected: { code: null, signal: 'SIGKILL' },
  },
])
  test(`when the guest ignores its power button, ${what}`, async (t) => {
    const { backend, spec } = await setUp(t, behaviour, { powerButton: 100 });
    const vm = await backend().boot(spec);
    assert.deepEqual(await vm.stop('graceful'), { kind: 'stopped', detail: '', ...expected });
    assert.equal(await running(vm.pid), false);
  });

test('a forced stop is a kill at once', async (t) => {
  const { backend, spec } = await setUp(t, {});
  const vm = await backend().boot(spec);
  assert.equal((await vm.stop('force')).signal, 'SIGKILL');
});

test('a QEMU that dies unasked is a crash with the last console lines', async (t) => {
  const { backend, spec } = await setUp(t, {});
  const vm = await backend().boot(spec);
  await vm.console.saw('args tcg', AbortSignal.timeout(5000));
  process.kill(vm.pid, 'SIGKILL');
  const exit = await vm.exited;
  assert.deepEqual([exit.kind, exit.signal], ['crashed', 'SIGKILL']);
  assert.match(exit.detail, /Console:\nberth: stage kernel-userland\nargs tcg/);
});

test('the QEMU that a crashed host service left behind is ended before the next boot', async (t) => {
  const { backend, spec } = await setUp(t, {});
  const first = await backend().boot(spec);
  await backend().endLeftOver(spec);
  assert.equal(await running(first.pid), false);
  const second = await backend().boot(spec);
  assert.equal(await running(second.pid), true);
  await second.stop('force');
});

test('a stale pid file and socket do no harm, and kill nobody', async (t) => {
  const { backend, spec } = await setUp(t, {});
  await (await backend().boot(spec)).stop('force');
  await writeFile(join(spec.runtimeDir, 'qemu.pid'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
  await staleSocket(join(spec.runtimeDir, 'qmp.sock'));
  const vm = await backend().boot(spec);
  await vm.stop('graceful');
});

test('QEMU that ends at once gives its own words', async (t) => {
  const { backend, spec } = await setUp(t, { fails: { tcg: 'qemu: no such disk' } });
  await assert.rejects(backend().boot(spec), {
    code: 'boot-failed',
    message: 'QEMU did not start: qemu: no such disk',
  });
});

test('a guest that never comes up is given up by name, and nothing is left running', async (t) => {
  const { backend, spec } = await setUp(t, { hangs: ['tcg'] }, { emulatedUserland: 300 });
  let pid = 0;
  const note = (message: string) => (pid = Number(/process (\d+)/.exec(message)?.[1] ?? pid));
  await assert.rejects(backend().boot(spec, { onProgress: ({ message }) => note(message) }), {
    code: 'timeout',
    message: 'Booting the kernel with tcg did not finish within 0.3 s.',
  });
  assert.ok(pid > 0);
  assert.equal(await running(pid), false);
});

test('giving up while it boots ends QEMU', async (t) => {
  const { backend, spec } = await setUp(t, { hangs: ['tcg'] });
  const stop = new AbortController();
  const reason = new Error('enough');
  let pid = 0;
  const onProgress = ({ stage, message }: { stage: string; message: string }) => {
    if (stage !== 'process') return;
    pid = Number(/process (\d+)/.exec(message)?.[1]);
    stop.abort(reason);
  };
  await assert.rejects(backend().boot(spec, { signal: stop.signal, onProgress }), reason);
  assert.equal(await running(pid), false);
});

const noTrial = facts.os === 'linux' ? false : 'the device of KVM is one of Linux';

for (const { what, behaviour } of [
  { what: 'hangs', behaviour: { hangs: ['kvm'] } },
  { what: 'refuses to start', behaviour: { fails: { kvm: 'failed to initialize kvm: Permission denied' } } },
])
  test(
    `an accelerator that ${what} ends in emulation, is remembered, and not tried again`,
    { skip: noTrial },
    async (t) => {
      const { backend, spec, folder } = await setUp(t, behaviour, { hardwareUserland: 300 });
      const tried: string[] = [];
      const boot = async () => {
        const onProgress = ({ stage, message }: { stage: string; message: string }) =>
          stage === 'accelerator' && tried.push(message);
        const vm = await backend().boot({ ...spec, accelerator: undefined }, { onProgress });
        await vm.stop('force');
        return vm.accelerator;
      };
      assert.deepEqual([await boot(), await boot()], ['tcg', 'tcg']);
      assert.deepEqual(tried, ['trying kvm', 'trying tcg', 'trying tcg']);
      assert.match(await readFile(join(folder, 'accelerators.json'), 'utf8'), /trial boot failed/);
      const [hardware] = (await backend().probe()).accelerators;
      assert.equal(hardware?.usable, false);
      await backend().verdicts.forget();
      assert.equal((await backend().probe()).accelerators[0]?.usable, true);
    },
  );

test('when no accelerator works, none is blamed for good', { skip: noTrial }, async (t) => {
  const { backend, spec } = await setUp(t, { fails: { kvm: 'disk missing', tcg: 'disk missing' } });
  await assert.rejects(backend().boot({ ...spec, accelerator: undefined }), { code: 'boot-failed' });
  assert.deepEqual(await backend().verdicts.list(), []);
});

test('without QEMU the probe says how to get it; a QEMU of the user that is not there is named', async () => {
  const options = { host: facts, uid: facts.uid, stateDir: '/none', path: '', log: silentLog };
  for (const [program, said] of [
    [undefined, /Install/],
    ['/none/qemu', /\/none\/qemu .*BERTH_QEMU/],
  ] as const) {
    const probe = await new QemuBackend({ ...options, program }).probe();
    assert.equal(probe.usable, false);
    assert.match(probe.summary, said);
  }
});
