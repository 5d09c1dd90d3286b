import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { linuxEffects } from '../../../guest-agent/effects/linux/linux-effects.ts';
import { Netlink } from '../../../guest-agent/effects/linux/netlink.ts';
import type { Op } from '../../../guest-agent/plan/op.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { until } from '../../support/until.ts';
import { cgroupRoot, skip } from './fixture.ts';

const why = 'test';

describe('the agent’s own calls', { skip, timeout: 60_000 }, () => {
  const effects = linuxEffects('/nonexistent', '/nonexistent');
  let folder = '';
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'berth-effects-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('files, links and owners', async () => {
    await effects.apply([
      { op: 'mkdir', path: join(folder, 'a'), mode: 0o750, why },
      { op: 'mkdir', path: join(folder, 'a'), mode: 0o750, why },
      { op: 'makeDirs', path: join(folder, 'b/c/d'), mode: 0o755, why },
      { op: 'createFile', path: join(folder, 'a/file'), mode: 0o640, data: Buffer.from('one'), why },
      { op: 'write', path: join(folder, 'a/file'), data: Buffer.from('two'), why },
      { op: 'symlink', target: 'file', path: join(folder, 'a/link'), why },
      { op: 'chown', path: join(folder, 'a/link'), uid: 5, gid: 6, why },
    ]);
    assert.equal(readFileSync(join(folder, 'a/link'), 'utf8'), 'two');
    assert.equal(statSync(join(folder, 'a/file')).mode & 0o777, 0o640);
    assert.equal(statSync(join(folder, 'b/c/d')).isDirectory(), true);
  });

  test('mount, isMounted, space, unmount', async () => {
    const target = join(folder, 'mount');
    mkdirSync(target);
    await effects.unmount(target);
    await effects.unmount(join(folder, 'none'));
    await effects.apply([{ op: 'mount', source: 'x', target, type: 'tmpfs', flags: 0n, data: 'size=1m', why }]);
    assert.equal(await effects.read('isMounted', { path: target }), true);
    assert.equal((await effects.read('space', { path: target })).total, 1 << 20);
    await effects.unmount(target);
    assert.equal(await effects.read('isMounted', { path: target }), false);
  });

  test('a failure names the operation, its reason and the errno', async () => {
    const mount: Op = {
      op: 'mount',
      source: 'x',
      target: '/nowhere',
      type: 'tmpfs',
      flags: 0n,
      data: '',
      why: 'a reason',
    };
    await assert.rejects(
      effects.apply([mount]),
      (error) =>
        error instanceof EngineError && /\(a reason\).*ENOENT/.test(error.message) && error.data?.['op'] === 'mount',
    );
    await assert.rejects(
      effects.apply([{ op: 'write', path: '/nowhere', data: Buffer.from('x'), why }]),
      (error) => error instanceof EngineError && error.data?.['errnoName'] === 'ENOENT',
    );
    await assert.rejects(
      effects.apply([{ op: 'sethostname', name: 'x', why }]),
      (error) => error instanceof EngineError && error.code === 'unsupported',
    );
  });

  test('another process’s network namespace is read, and the agent stays in its own', async () => {
    const home = readlinkSync('/proc/self/ns/net');
    const child = spawn('unshare', ['--net', 'sleep', '1000'], { stdio: 'ignore' });
    const { pid } = child;
    assert.ok(pid !== undefined);
    await until('the child is in its namespace', () => readlinkSync(`/proc/${pid}/ns/net`) !== home);
    const interfaces = await effects.read('interfaces', { pid });
    assert.deepEqual(
      interfaces.filter(({ name }) => name === 'lo').map(({ index, up, mac }) => ({ index, up, mac })),
      [{ index: 1, up: false, mac: '00:00:00:00:00:00' }],
    );
    assert.equal(readlinkSync('/proc/thread-self/ns/net'), home);
    const namespaces = await effects.read('namespaces', { pid });
    assert.equal(`net:[${namespaces['net']}]`, readlinkSync(`/proc/${pid}/ns/net`));
    child.kill('SIGKILL');
    const own = await effects.read('interfaces', { pid: process.pid });
    assert.ok(own.some(({ name, up, addresses }) => name === 'lo' && up && addresses.includes('127.0.0.1/8')));
  });

  test('a refused netlink request tells the kernel’s reason', async () => {
    const socket = await Netlink.open();
    const message = Buffer.alloc(32);
    message.writeUInt32LE(32, 0);
    message.writeUInt16LE(17, 4);
    message.writeUInt16LE(5, 6);
    message.writeInt32LE(0x7fff_fff0, 20);
    assert.throws(() => socket.request('removing it', message), /removing it failed: ENODEV/);
    assert.throws(() => socket.indexOf('nope0'), /ENODEV/);
    assert.equal(socket.indexOf('lo'), 1);
    socket.close();
  });

  test(
    'cgroups: read whole, removed with what is below',
    { skip: cgroupRoot === undefined && 'no cgroup v2' },
    async () => {
      const path = join(cgroupRoot ?? '', `berth-effects-${process.pid}`);
      mkdirSync(join(path, 'below/deeper'), { recursive: true });
      const state = await effects.read('cgroup', { path });
      assert.equal(state.files['cgroup.type'], 'domain');
      assert.equal(state.keyed['cgroup.events']?.['populated'], 0);
      await effects.removeCgroup(path);
      await effects.removeCgroup(path);
      assert.throws(() => statSync(path), /ENOENT/);
    },
  );

  test(
    'what runs in a cgroup or below ends with it, also frozen',
    { skip: cgroupRoot === undefined && 'no cgroup v2' },
    async () => {
      const path = join(cgroupRoot ?? '', `berth-left-${process.pid}`);
      mkdirSync(join(path, 'below'), { recursive: true });
      const ends = [path, join(path, 'below')].map((folder) => {
        const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
        writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
        return once(child, 'exit');
      });
      writeFileSync(join(path, 'cgroup.freeze'), '1');
      await effects.removeCgroup(path);
      assert.deepEqual(await Promise.all(ends), [
        [null, 'SIGKILL'],
        [null, 'SIGKILL'],
      ]);
      assert.throws(() => statSync(path), /ENOENT/);
    },
  );

  test('what /proc says of oneself', async () => {
    const status = await effects.read('status', { pid: process.pid });
    assert.equal(status.uid, 0);
    assert.equal(status.ppid, process.ppid);
    const maps = await effects.read('idMaps', { pid: process.pid });
    assert.equal(maps.uid[0]?.inside, 0);
    const mounts = await effects.read('mounts', { pid: process.pid });
    assert.ok(mounts.some(({ target, type }) => target === '/proc' && type === 'proc'));
  });
});
