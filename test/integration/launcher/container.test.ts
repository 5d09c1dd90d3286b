import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch } from '../../../guest-agent/effects/linux/launch.ts';
import { resize, signal } from '../../../guest-agent/effects/linux/monitor-client.ts';
import { cloneFlag } from '../../../guest-agent/plan/flags.ts';
import type { Op } from '../../../guest-agent/plan/op.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { until } from '../../support/until.ts';
import {
  allNamespaces,
  barePlan,
  cgroupRoot,
  containerPlan,
  runAttached,
  skip,
  startLauncher,
  type Fixture,
} from './fixture.ts';

const why = 'test';

describe('a container from a plan', { skip, timeout: 60_000 }, () => {
  let fixture: Fixture;
  before(async () => void (fixture = await startLauncher()));
  after(() => fixture.stop());

  const shell = async (script: string, inside: Op[] = [], tty = false): Promise<string> => {
    const ended = await runAttached(fixture, containerPlan(fixture, { argv: ['sh', '-c', script], inside, tty }));
    return ended.stdout + ended.stderr;
  };

  test('pid 1, its own hostname, root of its own user namespace, all namespaces new', async () => {
    const names = ['pid', 'mnt', 'net', 'user', 'uts', 'ipc'];
    const out = await shell(
      `echo $$; hostname; id -u; cat /proc/self/uid_map; for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done`,
    );
    const [pid, hostname, uid, map, ...namespaces] = out.trim().split('\n');
    assert.deepEqual([pid, hostname, uid], ['1', 'box', '0']);
    assert.match(map ?? '', /^\s+0\s+100000\s+65536$/);
    assert.equal(namespaces.length, names.length);
    for (const [index, name] of names.entries())
      assert.notEqual(namespaces[index], readlinkSync(`/proc/self/ns/${name}`));
  });

  test('nothing of the guest can be seen, and no descriptor leaks', async () => {
    const out = await shell(
      `ls -d ${fixture.folder} /..${fixture.folder} 2>&1; echo --; ls /proc/$$/fd; echo --; cat /proc/mounts`,
    );
    const [files = '', fds, mounts = ''] = out.split('--\n');
    assert.equal(files.match(/No such file/g)?.length, 2);
    assert.equal(fds, '0\n1\n2\n');
    assert.deepEqual(
      mounts
        .split('\n')
        .filter((line) => line.includes(' '))
        .map((line) => line.split(' ')[1])
        .filter((path) => path?.startsWith('/')),
      ['/', '/proc', '/dev', '/dev/pts'],
    );
  });

  test('files of the image belong to root inside; what is written stays unshifted on the disk', async () => {
    const plan = containerPlan(fixture, {
      argv: ['sh', '-c', 'stat -c %u:%g /bin/busybox; echo x > /etc/new; stat -c %u /etc/new'],
    });
    assert.equal((await runAttached(fixture, plan)).stdout, '0:0\n0\n');
    assert.equal(readFileSync(join(plan.monitor.stateDir, 'rw/upper/etc/new'), 'utf8'), 'x\n');
  });

  test('/dev/stdout can be opened again by the container’s user', async () => {
    const out = await shell('echo again > /proc/self/fd/1', [
      { op: 'stdio', uid: 5, gid: 5, console: '', rows: 0, columns: 0, why },
      { op: 'setids', uid: 5, gid: 5, why },
    ]);
    assert.equal(out, 'again\n');
  });

  test('a terminal: /dev/pts/0 of the container, the controlling one, bound on /dev/console, of the size asked for', async () => {
    const plan = containerPlan(fixture, {
      tty: true,
      argv: [
        'sh',
        '-c',
        'tty; stat -c %t:%T /dev/console /dev/pts/0; cut -d " " -f 7 /proc/self/stat; ls -l /proc/self/fd/2; stty size',
      ],
      inside: [{ op: 'stdio', uid: 0, gid: 0, console: '/dev/console', rows: 24, columns: 80, why }],
    });
    const ended = await runAttached(fixture, plan, undefined, () =>
      resize(plan.monitor.socket, { rows: 33, columns: 101 }),
    );
    const lines = ended.stdout.split('\r\n');
    assert.equal(lines[0], '/dev/pts/0');
    assert.equal(lines[1], lines[2]);
    assert.notEqual(lines[3], '0', 'a controlling terminal');
    assert.match(lines[4] ?? '', /-> \/dev\/pts\/0$/);
    assert.equal(lines[5], '33 101');
  });

  test('a terminal has its first size before anybody is attached to it', async () => {
    const op: Op = { op: 'stdio', uid: 0, gid: 0, console: '', rows: 17, columns: 44, why };
    assert.equal(await shell('stty size', [op], true), '17 44\r\n');
  });

  test('privileges given up are gone, and a filter is in force', async () => {
    // BPF_RET | BPF_K, SECCOMP_RET_ALLOW
    const allow = Buffer.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f);
    const out = await shell('cat /proc/self/status', [
      { op: 'noNewPrivileges', why },
      { op: 'seccomp', program: allow, flags: 0, why },
      { op: 'bounding', bounding: 0x21n, why },
      { op: 'setgroups', gids: Buffer.of(7, 0, 0, 0), why },
      { op: 'setids', uid: 1000, gid: 1001, why },
      { op: 'capabilities', bounding: 0x21n, effective: 0x1n, permitted: 0x21n, inheritable: 0x1n, ambient: 0x1n, why },
    ]);
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(out)?.[1];
    assert.equal(field('Uid'), '1000\t1000\t1000\t1000');
    assert.equal(field('Gid'), '1001\t1001\t1001\t1001');
    assert.equal(field('Groups')?.trim(), '7');
    assert.equal(field('CapBnd'), '0000000000000021');
    assert.equal(field('CapAmb'), '0000000000000001');
    assert.equal(field('CapEff'), '0000000000000001');
    assert.equal(field('NoNewPrivs'), '1');
    assert.equal(field('Seccomp'), '2');
  });

  test('masked and read-only paths', async () => {
    const out = await shell(
      'wc -c < /proc/kallsyms; ls -A /data /sys; echo no > /sys/x || echo kept; echo no > /tmp/x || echo refused; ls /etc/none',
      [
        { op: 'placeMount', slot: 8, target: '/dev/null', create: 3, why },
        { op: 'maskPath', path: '/proc/kallsyms', why },
        { op: 'maskPath', path: '/data', why },
        { op: 'maskPath', path: '/sys', why },
        { op: 'maskPath', path: '/etc/none', why },
        { op: 'readonlyPath', path: '/tmp', why },
      ],
    );
    assert.match(out, /^0\n\/data:\n\n\/sys:\nkept\nrefused\n/);
    assert.match(out, /\/etc\/none: No such file/);
  });

  test('loopback comes up by a netlink message', async () => {
    // nlmsghdr RTM_NEWLINK, REQUEST | ACK; ifinfomsg index 1, flags and change IFF_UP
    const message = Buffer.alloc(32);
    message.writeUInt32LE(32, 0);
    message.writeUInt16LE(16, 4);
    message.writeUInt16LE(5, 6);
    message.writeUInt32LE(1, 24);
    message.writeUInt32LE(1, 28);
    const up: Op = { op: 'netlink', message, pidAt: 0xffff_ffff, indexAt: 20, ifname: 'lo', why };
    assert.match(await shell('ip addr show lo', [up]), /<LOOPBACK,UP/);
    const unknown: Op = { ...up, ifname: 'nope0' };
    await assert.rejects(
      launch(fixture.launcher, containerPlan(fixture, { argv: ['true'], inside: [unknown] })),
      (error) => error instanceof EngineError && error.data?.['errnoName'] === 'ENODEV',
    );
  });

  test('a source under a folder cannot lead out of it by a link', async () => {
    const folder = join(fixture.folder, 'share');
    mkdirSync(folder);
    symlinkSync('/etc', join(folder, 'out'));
    mkdirSync(join(folder, 'in'));
    writeFileSync(join(folder, 'in/file'), 'inside\n');
    const bind = (path: string): Op => ({
      op: 'openTree',
      slot: 9,
      source: `${folder}/./${path}`,
      recursive: 0,
      idmap: 0,
      attr: 0n,
      under: 1,
      why,
    });
    const place: Op = { op: 'placeMount', slot: 9, target: '/mnt/deep', create: 3, why };
    const good = containerPlan(fixture, { argv: ['cat', '/mnt/deep/file'], outside: [bind('in')], inside: [place] });
    assert.equal((await runAttached(fixture, good)).stdout, 'inside\n');
    const bad = containerPlan(fixture, { argv: ['true'], outside: [bind('out')], inside: [place] });
    await assert.rejects(
      launch(fixture.launcher, bad),
      (error) => error instanceof EngineError && error.data?.['errnoName'] === 'EXDEV',
    );
  });

  test('a failed operation is named with its errno, and nothing is left', async () => {
    const failing: Op = {
      op: 'mount',
      source: 'none',
      target: '/nowhere',
      type: 'tmpfs',
      flags: 0n,
      data: '',
      why: 'a reason',
    };
    for (const section of ['inside', 'outside', 'before'] as const) {
      const plan = containerPlan(fixture, { argv: ['true'], [section]: [failing] });
      const index = plan[section].indexOf(failing);
      const error = await launch(fixture.launcher, plan).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof EngineError);
      assert.equal(error.code, 'operation-failed');
      assert.match(error.message, /mount \/nowhere \(a reason\).*ENOENT/);
      const { data } = error;
      assert.deepEqual([data?.['section'], data?.['index'], data?.['op']], [section, index, 'mount']);
      assert.equal(existsSync(plan.monitor.socket), false);
      assert.equal(existsSync(join(plan.monitor.stateDir, 'exit')), false);
      assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(plan.monitor.stateDir), false);
    }
    await assert.rejects(
      launch(fixture.launcher, { ...barePlan(fixture, { argv: ['true'] }), join: [{ path: '/proc/1/ns/none', why }] }),
      (error) => error instanceof EngineError && error.data?.['section'] === 'join',
    );
  });

  test('exec joins a running container by its pidfd or by paths', async () => {
    const container = containerPlan(fixture, { argv: ['sleep', '1000'] });
    const launched = await launch(fixture.launcher, container);
    const { pid } = launched;
    const kinds = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts'];
    const become: Op[] = [
      { op: 'setgroups', gids: new Uint8Array(0), why },
      { op: 'setids', uid: 0, gid: 0, why },
    ];
    const joins = [
      [{ pid, flags: allNamespaces | cloneFlag.CLONE_NEWCGROUP, why }],
      kinds.map((kind) => ({ path: `/proc/${pid}/ns/${kind}`, why })),
    ];
    for (const join of joins) {
      const script = `${kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join('; ')}; ps; id -u`;
      const plan = { ...barePlan(fixture, { argv: ['sh', '-c', script], inside: become }), join };
      const { stdout } = await runAttached(fixture, plan);
      const lines = stdout.trim().split('\n');
      assert.deepEqual(
        lines.slice(0, kinds.length),
        kinds.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)),
      );
      assert.match(stdout, /1 0 +sleep 1000/);
      assert.equal(lines.at(-1), '0');
    }
    await signal(container.monitor.socket, 9);
    await launched.exited;
  });

  test('the first process starts in its cgroup', { skip: cgroupRoot === undefined && 'no cgroup v2' }, async () => {
    const cgroup = join(cgroupRoot ?? '', `berth-test-${process.pid}`);
    const plan = containerPlan(fixture, {
      argv: ['sleep', '1000'],
      before: [{ op: 'mkdir', path: cgroup, mode: 0o755, why }],
    });
    const launched = await launch(fixture.launcher, { ...plan, clone: { ...plan.clone, cgroup } });
    assert.equal(readFileSync(join(cgroup, 'cgroup.procs'), 'utf8'), `${launched.pid}\n`);
    await signal(plan.monitor.socket, 9);
    await launched.exited;
    rmdirSync(cgroup);
  });

  test('init reaps orphans, and not even the container’s root can look into it', async () => {
    const plan = containerPlan(fixture, {
      init: true,
      argv: [
        'sh',
        '-c',
        'readlink /proc/1/exe || echo hidden; ls /proc/1/fd || echo hidden; ' +
          '(sleep 0.01 & echo $! > /tmp/pid); while [ -e /proc/$(cat /tmp/pid) ]; do :; done; echo reaped',
      ],
    });
    assert.equal((await runAttached(fixture, plan)).stdout, 'hidden\nhidden\nreaped\n');
  });

  test('the end of pid 1 ends all of its namespace', async () => {
    const plan = containerPlan(fixture, { argv: ['sh', '-c', 'sleep 12345 & exit 0'] });
    assert.equal((await (await launch(fixture.launcher, plan)).exited)?.exitCode, 0);
    await until('no monitor is left', () => !existsSync(plan.monitor.socket));
  });
});
