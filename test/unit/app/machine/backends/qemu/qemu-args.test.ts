import assert from 'node:assert/strict';
import test from 'node:test';
import { option } from '../../../../../../app/machine/backends/qemu/option.ts';
import { qemuArgs, type QemuFacts } from '../../../../../../app/machine/backends/qemu/qemu-args.ts';
import type { MachineSpec } from '../../../../../../app/machine/machine-spec.ts';

const spec: MachineSpec = {
  name: 'default',
  arch: 'x64',
  cpus: 2,
  memoryMiB: 1024,
  kernel: '/i/vmlinux',
  initrd: '/r/initrd',
  rootImage: '/i/root.erofs',
  agentImage: '/i/agent.erofs',
  cmdline: 'quiet',
  kernelSha256: '0',
  dataDisk: '/m/data,1.raw',
  runtimeDir: '/r',
  consoleLog: '/l/console.log',
  shares: [],
};
const linux: QemuFacts = { hostOs: 'linux', accelerator: 'kvm', monitorPath: '/r/qmp.sock' };

/** The values given to one argument. */
function values(args: readonly string[], name: string): string[] {
  return args.flatMap((arg, index) => (arg === name ? [args[index + 1] ?? ''] : []));
}

test('a comma in a value is doubled', () => {
  assert.equal(option('socket', { id: 'x', path: '/a,b', wait: 'off' }), 'socket,id=x,path=/a,,b,wait=off');
});

for (const { arch, hostOs, accelerator, machine, cpu, accel } of [
  { arch: 'x64', hostOs: 'linux', accelerator: 'kvm', machine: 'q35,vmport=off', cpu: 'host', accel: 'kvm' },
  {
    arch: 'x64',
    hostOs: 'linux',
    accelerator: 'tcg',
    machine: 'q35,vmport=off',
    cpu: 'Westmere,+rdrand',
    accel: 'tcg,',
  },
  { arch: 'x64', hostOs: 'darwin', accelerator: 'hvf', machine: 'q35,vmport=off', cpu: 'host', accel: 'hvf' },
  { arch: 'x64', hostOs: 'win32', accelerator: 'whpx', machine: 'q35,vmport=off', cpu: 'qemu64', accel: 'whpx' },
  { arch: 'arm64', hostOs: 'darwin', accelerator: 'hvf', machine: 'virt,gic-version=3', cpu: 'host', accel: 'hvf' },
  {
    arch: 'arm64',
    hostOs: 'linux',
    accelerator: 'tcg',
    machine: 'virt,gic-version=3',
    cpu: 'cortex-a72',
    accel: 'tcg,',
  },
] as const)
  test(`${arch} on ${hostOs} with ${accelerator}: board ${machine}, processor ${cpu}`, () => {
    const args = qemuArgs({ ...spec, arch }, { ...linux, hostOs, accelerator });
    assert.deepEqual(values(args, '-machine'), [`${machine},memory-backend=ram`]);
    assert.deepEqual(values(args, '-cpu'), [cpu]);
    assert.ok(values(args, '-accel')[0]?.startsWith(accel));
    assert.equal(values(args, '-accel').length, 1);
  });

test('nothing comes from defaults of QEMU or of its user', () => {
  const args = qemuArgs(spec, linux);
  for (const flag of ['-nodefaults', '-no-user-config', '-no-reboot']) assert.ok(args.includes(flag));
  assert.deepEqual(values(args, '-display'), ['none']);
});

test('size, kernel and command line are those of the specification', () => {
  const args = qemuArgs(spec, linux);
  assert.deepEqual(values(args, '-smp'), ['2,sockets=1,cores=2,threads=1']);
  assert.deepEqual(values(args, '-m'), ['1024M']);
  assert.deepEqual(values(args, '-kernel'), ['/i/vmlinux']);
  assert.deepEqual(values(args, '-initrd'), ['/r/initrd']);
  assert.deepEqual(values(args, '-append'), ['console=ttyS0 berth.net=10.0.2.15/24,10.0.2.2,10.0.2.3 quiet']);
  assert.match(values(qemuArgs({ ...spec, arch: 'arm64' }, linux), '-append')[0] ?? '', /^console=ttyAMA0 /);
});

test('words for emulation go to the kernel under emulation alone', () => {
  const words = { ...spec, emulationCmdline: 'mitigations=off' };
  const kernel = (accelerator: 'kvm' | 'tcg') => values(qemuArgs(words, { ...linux, accelerator }), '-append').join();
  assert.doesNotMatch(kernel('kvm'), /mitigations/);
  assert.match(kernel('tcg'), / quiet mitigations=off$/);
});

test('disks come in the order root, agent, data; the data disk gives room back', () => {
  const args = qemuArgs(spec, linux);
  const fixed = 'format=raw,';
  assert.deepEqual(values(args, '-drive'), [
    `if=none,id=root,${fixed}file=/i/root.erofs,readonly=on,file.locking=off`,
    `if=none,id=agent,${fixed}file=/i/agent.erofs,readonly=on,file.locking=off`,
    `if=none,id=data,${fixed}file=/m/data,,1.raw,cache=writeback,discard=unmap,detect-zeroes=unmap`,
  ]);
  const disks = values(args, '-device').filter((device) => device.startsWith('virtio-blk'));
  assert.deepEqual(disks, [
    'virtio-blk-pci,drive=root',
    'virtio-blk-pci,drive=agent',
    'virtio-blk-pci,drive=data,discard=on,write-zeroes=on',
  ]);
});

test('the network forwards a free port of loopback alone to the ssh server', () => {
  const args = qemuArgs(spec, linux);
  assert.deepEqual(values(args, '-netdev'), ['user,id=net0,hostfwd=tcp:127.0.0.1:0-:22']);
});

test('free memory of the guest is reported to the host', () => {
  const devices = values(qemuArgs(spec, linux), '-device');
  assert.ok(devices.includes('virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on'));
  assert.ok(devices.includes('virtio-rng-pci,rng=rng0'));
});

test('the monitor is a unix socket, on Windows a named pipe', () => {
  assert.ok(
    values(qemuArgs(spec, linux), '-chardev').includes('socket,id=monitor,path=/r/qmp.sock,server=on,wait=off'),
  );
  const windows = { ...linux, hostOs: 'win32', monitorPath: '\\\\.\\pipe\\berth-default-qmp' } as const;
  assert.ok(values(qemuArgs(spec, windows), '-chardev').includes('pipe,id=monitor,path=berth-default-qmp'));
  assert.deepEqual(values(qemuArgs(spec, windows), '-mon'), ['chardev=monitor,mode=control']);
});

const shares = [
  { kind: 'vhost-user-fs', tag: 'fs0', socketPath: '/r/fs0.sock' },
  { kind: 'vhost-user-fs', tag: 'fs1', socketPath: '/r/fs1.sock' },
] as const;

test('a share needs memory that its server can map; without one the memory is plain', () => {
  const args = qemuArgs({ ...spec, shares }, linux);
  assert.ok(values(args, '-object').includes('memory-backend-memfd,id=ram,size=1024M,share=on'));
  assert.ok(values(args, '-chardev').includes('socket,id=share-fs1,path=/r/fs1.sock'));
  assert.ok(values(args, '-device').includes('vhost-user-fs-pci,chardev=share-fs0,tag=fs0'));
  assert.ok(values(qemuArgs(spec, linux), '-object').includes('memory-backend-ram,id=ram,size=1024M'));
});

for (const hostOs of ['darwin', 'win32'] as const)
  test(`virtiofs shares are refused on ${hostOs}`, () => {
    assert.throws(() => qemuArgs({ ...spec, shares }, { ...linux, hostOs }), { code: 'unsupported' });
  });
