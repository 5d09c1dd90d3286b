import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePackageList, unpackOnly } from '../../../vm-images/debian.ts';
import { kernelCmdline } from '../../../vm-images/manifest.ts';

test('package files are read as name, version with its epoch, architecture and digest', () => {
  const list = [
    `${'b'.repeat(64)}  openssh-server_1%3a10.0p1-7_arm64.deb`,
    `${'a'.repeat(64)}  busybox-static_1%3a1.37.0-6+b9_arm64.deb`,
    '',
  ].join('\n');
  assert.deepEqual(parsePackageList(list), [
    { name: 'busybox-static', version: '1:1.37.0-6+b9', arch: 'arm64', sha256: 'a'.repeat(64) },
    { name: 'openssh-server', version: '1:10.0p1-7', arch: 'arm64', sha256: 'b'.repeat(64) },
  ]);
});

test('packages are unpacked without a chroot for a plain user, and in the usual way for root', () => {
  assert.deepEqual(unpackOnly(1000), ['--variant=extract', '--mode=chrootless']);
  assert.deepEqual(unpackOnly(0), ['--variant=extract']);
});

test('the command line leaves console and network to the host, and trusts the TSC on amd64 alone', () => {
  for (const arch of ['amd64', 'arm64'] as const) assert.doesNotMatch(kernelCmdline(arch), /console=|berth\.net=/);
  assert.match(kernelCmdline('amd64'), /tsc=reliable/);
  assert.doesNotMatch(kernelCmdline('arm64'), /tsc=/);
});
