/** The archiver where it works: in running and in stopped containers, on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch } from '../../../guest-agent/effects/linux/launch.ts';
import { signal } from '../../../guest-agent/effects/linux/monitor-client.ts';
import { encodeFrame } from '../../../guest-agent/effects/frames.ts';
import {
  planChangesArchiver,
  planRunningArchiver,
  planStoppedArchiver,
} from '../../../guest-agent/plan/archive-plan.ts';
import { parseCompared, planChanges } from '../../../guest-agent/plan/change-plan.ts';
import type { LaunchPlan } from '../../../guest-agent/plan/op.ts';
import type { ContainerSpec } from '../../../guest-agent/protocol/container-spec.ts';
import { frameKind } from '../../../guest-agent/protocol/stream-format.ts';
import { contextOf, specOf } from '../../unit/guest-agent/plan/fixtures.ts';
import { makeTar } from '../../support/tar.ts';
import { until } from '../../support/until.ts';
import { containerIds, containerPlan, runAttached, skip, startLauncher, type Ended, type Fixture } from './fixture.ts';

const ids = { start: containerIds.first, count: containerIds.count };

describe('the archiver beside containers', { skip }, () => {
  let fixture: Fixture;
  let count = 0;
  before(async () => {
    fixture = await startLauncher();
  });
  after(() => fixture.stop());

  function place(): { socket: string; state: string } {
    count += 1;
    const state = join(fixture.folder, `archiver-${count}`);
    mkdirSync(state);
    return { socket: join(state, 'socket'), state };
  }

  function feed(archive: Buffer): Buffer {
    return Buffer.concat([encodeFrame(frameKind.stdin, archive), encodeFrame(frameKind.stdin)]);
  }

  /** Output is bytes: latin1 keeps them. */
  function run(plan: LaunchPlan, archive?: Buffer): Promise<Ended> {
    return runAttached(fixture, plan, archive && feed(archive));
  }

  async function running(script: string): Promise<{ pid: number; upper: string; socket: string }> {
    const plan = containerPlan(fixture, { argv: ['sh', '-c', script] });
    const { pid } = await launch(fixture.launcher, plan);
    return { pid, upper: join(plan.monitor.stateDir, 'rw/upper'), socket: plan.monitor.socket };
  }

  const inRunning = (pid: number, argv: string[], archive?: Buffer, withMounts = true): Promise<Ended> =>
    run(planRunningArchiver(argv, place(), { pid, mapped: true }, withMounts), archive);

  function stopped(spec: Partial<ContainerSpec> = {}, sources: readonly (string | undefined)[] = []) {
    const { state } = place();
    for (const name of ['c', 'scratch']) mkdirSync(join(state, name), { mode: 0o755 });
    const paths = { ...contextOf().paths, container: join(state, 'c'), scratch: join(state, 'scratch') };
    const context = contextOf({ paths, layerMounts: [fixture.lower], mountSources: sources });
    const upper = join(state, 'c/rw/upper');
    const go = (argv: string[], archive?: Buffer, withMounts = true): Promise<Ended> => {
      const options = { ids, withMounts, fresh: !existsSync(upper) };
      return run(planStoppedArchiver(argv, place(), { spec: specOf(spec), context }, options), archive);
    };
    const changes = (verb: 'compare' | 'layer') => run(planChangesArchiver(verb, place(), context));
    return { upper, go, changes };
  }

  test('into and out of a running container: owners are the container’s, mounts are seen, but not in the root alone', async () => {
    const { pid, upper, socket } = await running('echo c > /dev/mounted; sleep 100');
    await until('the mount has a file', async () => (await inRunning(pid, ['stat', '/dev/mounted'])).exitCode === 0);
    const put = await inRunning(
      pid,
      ['put', '/tmp/.', '0'],
      makeTar([
        { path: 'f', data: 'x', uid: 0 },
        { path: 'g', uid: 33 },
      ]),
    );
    assert.deepEqual([put.exitCode, put.stderr], [0, '']);
    assert.deepEqual(
      ['f', 'g'].map((name) => lstatSync(join(upper, 'tmp', name)).uid),
      [0, 33],
    );
    const { stdout, stderr } = await inRunning(pid, ['get', '/', '.']);
    assert.equal(stderr, '');
    assert.ok(stdout.includes('./dev/mounted') && stdout.includes('./tmp/g') && !stdout.includes('./proc/self'));
    const root = await inRunning(pid, ['get', '/', ''], undefined, false);
    assert.equal(root.exitCode, 0, root.stderr);
    assert.ok(root.stdout.includes('tmp/g') && root.stdout.includes('dev/') && !root.stdout.includes('dev/mounted'));
    const alien = await inRunning(pid, ['put', '/tmp/.', '0'], makeTar([{ path: 'alien', uid: 70_000 }]));
    assert.deepEqual([alien.exitCode, alien.stderr], [1, '22 chown alien']);
    assert.deepEqual(readdirSync(join(upper, 'tmp')).sort(), ['f', 'g']);
    await signal(socket, 9);
  });

  test('links of a running container lead nowhere else, while they are swapped as fast as it can', async () => {
    const outside = join(fixture.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'SECRET');
    const script = `ln -s ${outside} /out; ln -s ../../../../../../../../..${outside} /up; ln -s /proc/1/root${outside} /magic
      mkdir /real; while :; do rm -rf /swap; ln -s ${outside} /swap; rm -f /swap; mkdir /swap; done`;
    const { pid, socket } = await running(script);
    await until('the links are there', async () => (await inRunning(pid, ['stat', '/magic'])).exitCode === 0);
    for (const name of ['out', 'up', 'magic']) {
      const found = await inRunning(pid, ['get', `/${name}/secret`, 'secret']);
      assert.match(found.stderr, /^(2|40) open /, name);
      const put = await inRunning(pid, ['put', `/${name}/.`, '0'], makeTar([{ path: 'evil', data: 'x' }]));
      assert.match(put.stderr, /^(2|40) open /, name);
    }
    for (let round = 0; round < 40; round += 1) {
      const { stdout } = await inRunning(pid, ['get', '/swap', 'swap']);
      assert.ok(!stdout.includes('SECRET'));
      await inRunning(pid, ['put', '/swap/.', '0'], makeTar([{ path: 'evil', data: 'x' }]));
      await inRunning(pid, ['put', '/', '0'], makeTar([{ path: 'swap/evil', data: 'x' }]));
    }
    assert.deepEqual(readdirSync(outside), ['secret']);
    await signal(socket, 9);
  });

  test('a stopped container: its root and its volumes, owners on the disk as inside, read-only as it is', async () => {
    const volume = join(fixture.folder, 'volume');
    mkdirSync(volume);
    const mounts: ContainerSpec['mounts'] = [
      { type: 'volume', name: 'v', target: '/data', readOnly: false, copyUp: false },
      { type: 'tmpfs', target: '/tmp', readOnly: false, options: [] },
    ];
    const { upper, go } = stopped({ mounts }, [volume, undefined]);
    const put = await go(
      ['put', '/.', '0'],
      makeTar([
        { path: 'data/in', data: 'v', uid: 7 },
        { path: 'tmp/t', data: 't' },
        { path: 'etc/f', data: 'f' },
      ]),
    );
    assert.deepEqual([put.exitCode, put.stderr], [0, '']);
    assert.equal(lstatSync(join(volume, 'in')).uid, 7);
    assert.equal(readFileSync(join(upper, 'etc/f'), 'utf8'), 'f');
    const got = await go(['get', '/data', 'data']);
    assert.ok(got.stdout.includes('data/in'));
    const root = await go(['get', '/', ''], undefined, false);
    assert.ok(root.stdout.includes('etc/f') && !root.stdout.includes('data/in'), root.stderr);
    const closed = stopped({ readOnlyRoot: true });
    assert.match((await closed.go(['put', '/etc/.', '0'], makeTar([{ path: 'f', data: 'f' }]))).stderr, /^30 /);
  });

  test('what it has changed, as a list and as a layer; mount points and what was only copied up are no change', async () => {
    const { upper, go, changes } = stopped();
    assert.equal((await go(['stat', '/etc'])).exitCode, 0);
    const list = async () =>
      planChanges(parseCompared((await changes('compare')).stdout)).map(({ kind, path }) => `${kind} ${path}`);
    assert.deepEqual(await list(), []);
    await go(
      ['put', '/.', '0'],
      makeTar([
        { path: 'data/new', data: 'n' },
        { path: 'bin/sh', data: 'other' },
      ]),
    );
    execFileSync('mknod', [join(upper, 'bin/ls'), 'c', '0', '0']);
    assert.deepEqual(await list(), ['C /bin', 'D /bin/ls', 'C /bin/sh', 'C /data', 'A /data/new']);
    const { stdout, exitCode } = await changes('layer');
    assert.equal(exitCode, 0);
    for (const name of ['./bin/.wh.ls', './bin/sh', './data/new']) assert.ok(stdout.includes(name), name);
    for (const name of ['./etc/hosts', './dev', './proc']) assert.ok(!stdout.includes(`${name}\0`), name);
  });
});
