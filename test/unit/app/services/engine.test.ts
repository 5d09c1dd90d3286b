import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { EngineError } from '../../../../app/base/error.ts';
import { silentLog } from '../../../../app/base/log.ts';
import type { EngineState } from '../../../../app/contract/index.ts';
import { Engine } from '../../../../app/services/engine.ts';
import { FakeGuest } from '../../../support/fake-guest.ts';
import { FakeMachine } from '../../../support/fake-machine.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

interface Set {
  readonly engine: Engine;
  readonly machine: FakeMachine;
  readonly guest: FakeGuest;
  readonly seen: EngineState[];
  readonly folder: string;
}

async function engine(t: TestContext, limits = {}): Promise<Set> {
  const folder = await temporaryFolder(t);
  const guest = new FakeGuest(folder);
  await guest.listen();
  t.after(() => guest.die());
  const machine = new FakeMachine(guest);
  const made = new Engine({ machine: 'default', drivers: machine, hostVersion: '1', log: silentLog, limits });
  t.after(() => made.stop(true));
  const seen: EngineState[] = [];
  made.onState((state) => seen.push(state));
  return { engine: made, machine, guest, seen, folder };
}

function state(from: Engine, status: EngineState['status']): Promise<EngineState> {
  return new Promise((resolve) => {
    from.onState((next) => {
      if (next.status === status) resolve(next);
    });
  });
}

test('goes through the stages and tells what runs', async (t) => {
  const { engine: it, seen } = await engine(t);
  const running = await it.start();
  assert.equal(running.status, 'running');
  assert.deepEqual(
    seen.map((one) => (one.status === 'starting' ? one.stage : one.status)),
    ['image', 'image', 'vm', 'vm', 'vm', 'kernel', 'agent', 'shares', 'running'],
  );
  assert.equal(running.kernel, '6.12.0');
  assert.equal((await it.session()).guest.hello.agentInstance, 'first');
});

test('the guest’s clock is set at once', async (t) => {
  const { engine: it, guest } = await engine(t);
  const before = Date.now();
  const set = new Promise<{ timeNano: string }>((resolve) =>
    guest.on('guest.setTime', (params) => (resolve(params), {})),
  );
  await it.start();
  const { timeNano } = await set;
  assert.ok(Number(BigInt(timeNano) / 1_000_000n) >= before);
});

test('many callers share one start; one that leaves does not end it', async (t) => {
  const { engine: it, machine } = await engine(t);
  const gate = Promise.withResolvers<undefined>();
  machine.boot = () => gate.promise;
  const leaving = new AbortController();
  const left = it.start(leaving.signal);
  const others = [it.start(), it.start(), it.session()];
  leaving.abort(new Error('left'));
  await assert.rejects(left, /left/);
  gate.resolve(undefined);
  await Promise.all(others);
  assert.equal(machine.vms.length, 1);
});

test('a failed boot names the stage, leaves nothing, and the next start works', async (t) => {
  const { engine: it, machine } = await engine(t);
  machine.boot = () => Promise.reject(new EngineError('no-hypervisor', 'there is no QEMU', { hint: 'install it' }));
  await assert.rejects(it.start(), { code: 'no-hypervisor' });
  assert.deepEqual(it.state, {
    status: 'failed',
    stage: 'vm',
    code: 'no-hypervisor',
    message: 'there is no QEMU',
    hint: 'install it',
  });
  assert.deepEqual(machine.released, ['lock']);
  await assert.rejects(it.session(), { code: 'engine-stopped', message: /there is no QEMU/ });
  machine.boot = () => Promise.resolve();
  assert.equal((await it.start()).status, 'running');
});

test('a stage that takes too long is told by name', async (t) => {
  const { engine: it, guest, machine } = await engine(t, { agent: 80 });
  await guest.die();
  await assert.rejects(it.start(), { code: 'timeout', message: /waiting for the guest agent/ });
  assert.equal(it.state.status === 'failed' && it.state.stage, 'agent');
  assert.deepEqual(machine.vm.stops, ['force']);
});

test('a machine that dies while its agent is awaited is started once more; a second death is told', async (t) => {
  const { engine: it, guest, machine } = await engine(t);
  await guest.die();
  const starting = it.start();
  const waiting = state(it, 'failed');
  it.onState((now) => {
    if (now.status === 'starting' && now.stage === 'agent') machine.vm.crash();
  });
  await assert.rejects(starting, { code: 'vm-crashed', message: /oops/ });
  assert.equal((await waiting).status, 'failed');
  assert.equal(machine.vms.length, 2);
  assert.deepEqual(machine.released, ['lock', 'lock']);
});

test('a machine that dies once while its agent is awaited runs, with a warning of it', async (t) => {
  const { engine: it, guest, machine, seen } = await engine(t);
  await guest.die();
  it.onState((now) => {
    if (now.status !== 'starting' || now.stage !== 'agent' || machine.vms.length > 1) return;
    machine.boot = () => guest.listen();
    machine.vm.crash();
  });
  const running = await it.start();
  assert.match(running.status === 'running' ? running.warnings.join() : '', /ended before its agent.*oops.*second/);
  assert.ok(seen.some((now) => now.status === 'starting' && /once more/.test(now.detail)));
  assert.deepEqual(machine.released, ['lock']);
});

test('stops by the agent first', async (t) => {
  const { engine: it, guest, machine } = await engine(t);
  await it.start();
  guest.on('guest.shutdown', () => {
    void machine.vm.stop('graceful');
    return {};
  });
  await it.stop(false);
  assert.deepEqual(guest.asked('guest.shutdown'), [{ timeoutSeconds: 10 }]);
  assert.deepEqual(it.state, { status: 'stopped' });
  assert.deepEqual(machine.released, ['lock']);
  await assert.rejects(it.session(), { code: 'engine-stopped', hint: /berth start/ });
});

test('an agent that cannot stop the guest leaves it to the power button; force asks nobody', async (t) => {
  const { engine: it, guest, machine } = await engine(t);
  await it.start();
  guest.on('guest.shutdown', () => {
    throw new EngineError('internal', 'broken');
  });
  await it.stop(false);
  assert.deepEqual(machine.vm.stops.slice(0, 1), ['graceful']);
  await it.start();
  await it.stop(true);
  assert.deepEqual(machine.vm.stops.slice(0, 1), ['force']);
  assert.equal(guest.asked('guest.shutdown').length, 1);
});

test('a stop ends a start that is under way', async (t) => {
  const { engine: it, machine } = await engine(t);
  const begun = Promise.withResolvers<undefined>();
  machine.boot = ({ signal }) => {
    begun.resolve(undefined);
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  const starting = assert.rejects(it.start(), { code: 'cancelled' });
  await begun.promise;
  await it.stop(false);
  await starting;
  assert.deepEqual(it.state, { status: 'stopped' });
});

test('a crash is seen, told with its cause, and the next start works', async (t) => {
  const { engine: it, machine } = await engine(t);
  await it.start();
  const failed = state(it, 'failed');
  machine.vm.crash();
  const told = await failed;
  assert.match(told.status === 'failed' ? told.message : '', /SIGSEGV.*oops/s);
  assert.equal((await it.start()).status, 'running');
  assert.equal(machine.vms.length, 2);
  assert.deepEqual(machine.released, ['lock']);
});

test('a machine that an earlier run left is ended while its shares are still served', async (t) => {
  const { engine: it, machine, folder } = await engine(t);
  machine.sharedFolders = [{ path: folder, readOnly: false }];
  const order: string[] = [];
  machine.endLeftOver = () => Promise.resolve(void order.push('ended'));
  const { serve } = machine;
  machine.serve = () => (order.push('served anew'), serve());
  await it.start();
  assert.deepEqual(order.slice(0, 2), ['ended', 'served anew']);
});

test('an agent that restarts is lost and found, and gets its shares mounted again', async (t) => {
  const { engine: it, guest, machine, folder } = await engine(t);
  await mkdir(join(folder, 'shared'));
  machine.sharedFolders = [
    { path: join(folder, 'shared'), readOnly: false },
    { path: join(folder, 'missing'), readOnly: false },
  ];
  const first = await it.start();
  assert.match(first.status === 'running' ? first.warnings.join() : '', /missing is not shared/);
  assert.deepEqual(guest.asked('share.mount').length, 1);
  const again = new Promise((resolve) => guest.on('share.mount', (params) => (resolve(params), {})));
  const lost = new Promise((resolve) => {
    it.onState((now) => {
      if (now.status === 'running' && now.agentLost) resolve(now);
    });
  });
  await guest.restart('second');
  await lost;
  assert.deepEqual(await again, {
    tag: 'fs0',
    mount: { type: 'virtiofs', source: 'fs0', options: '' },
    readOnly: false,
  });
  await until('containers may have them', () => guest.asked('guest.ready').length === 2);
});

test('an unusable data disk is a warning: the machine runs', async (t) => {
  const { engine: it, guest } = await engine(t);
  guest.hello = { ...guest.hello, dataDiskFailure: 'no ext4' };
  const running = await it.start();
  assert.match(running.status === 'running' ? running.warnings.join() : '', /data disk is unusable \(no ext4\)/);
});

test('a guest that its hypervisor has suspended is told of, and goes on; a stop then pulls the plug', async (t) => {
  const { engine: it, machine } = await engine(t);
  const warnings = () => (it.state.status === 'running' ? it.state.warnings.join() : it.state.status);
  await it.start();
  machine.vm.stalls.emit('no room');
  assert.match(warnings(), /suspended: no room/);
  await assert.rejects(it.session(), { code: 'disk-full' });
  machine.vm.stalls.emit(undefined);
  assert.equal(warnings(), '');
  await it.session();
  machine.vm.stalls.emit('no room');
  await it.stop(false);
  assert.equal(machine.vm.stops[0], 'force');
});
