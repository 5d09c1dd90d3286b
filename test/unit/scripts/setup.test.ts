import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { terminal } from '../../support/terminal.ts';

interface Host {
  folders: string[];
  root: string;
  uid: number;
  terminal: boolean;
}

interface Setup {
  missingPackages: (purpose: 'start' | 'test', host: Host) => string[];
  systemPackages: (purpose: 'start' | 'test', host: Host) => Promise<string>;
}

// Plain scripts have no types of their own.
const url = new URL('../../../scripts/setup/system-packages.mjs', import.meta.url).href;
const { missingPackages, systemPackages } = (await import(url)) as Setup;

function fakeHost(programs: Record<string, string>, uid = 1000): Host & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'berth-host-'));
  const bin = join(root, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { folders: [bin], root, uid, terminal: false, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

test('what is missing is named by Debian package; tests need more than a start', () => {
  using host = fakeHost({ mmdebstrap: '', 'musl-gcc': '' });
  const start = missingPackages('start', host);
  assert.ok(start.includes('erofs-utils') && start.includes('debian-archive-keyring'), start.join(' '));
  assert.ok(!start.includes('mmdebstrap') && !start.includes('musl-tools'), start.join(' '));
  assert.ok(!start.includes('gcc-aarch64-linux-gnu'));
  assert.ok(missingPackages('test', host).includes('gcc-aarch64-linux-gnu'));
});

test('without apt it says exactly what to install', async () => {
  using host = fakeHost({});
  await assert.rejects(systemPackages('start', host), (error: Error) => {
    for (const name of missingPackages('start', host)) assert.match(error.message, new RegExp(`^ {2}${name}$`, 'm'));
    return /no apt-get/.test(error.message);
  });
});

test('without a terminal and without root it gives the exact command and runs nothing', async () => {
  using host = fakeHost({ 'apt-get': 'exit 99' });
  await assert.rejects(systemPackages('start', host), (error: Error) =>
    error.message.includes(
      `sudo apt-get install -y --no-install-recommends ${missingPackages('start', host).join(' ')}`,
    ),
  );
});

/** An apt-get that notes its words; it finds packages only once its lists are fresh, and then brings `programs`. */
function aptGet(programs: readonly string[]): string {
  const made = programs.map((name) => `: > "$bin/${name}"`).join('; ');
  return `bin=\${0%/*}; root=$bin/..; echo "$*" >> "$root/said"
    if [ "$1" = update ]; then : > "$root/lists"; exit; fi
    [ -e "$root/lists" ] || { echo no such package >&2; exit 100; }
    ${made}; : > "$root/usr/share/keyrings/debian-archive-keyring.gpg"`;
}

const keyrings = (host: Host): void => void mkdirSync(join(host.root, 'usr/share/keyrings'), { recursive: true });
const said = (host: Host): string[] => readFileSync(join(host.root, 'said'), 'utf8').trim().split('\n');
const brought = 'qemu-system-x86_64 qemu-system-aarch64 qemu-img mmdebstrap mkfs.erofs musl-gcc cpio xz tar'.split(' ');

test('as root it installs what is missing, after a fresh look at the lists where that is needed', async () => {
  using host = fakeHost({ 'apt-get': aptGet(brought) }, 0);
  keyrings(host);
  const missing = missingPackages('start', host);
  assert.ok(missing.length > 5);
  assert.equal(await systemPackages('start', host), missing.join(' '));
  const install = `install -y -q --no-install-recommends ${missing.join(' ')}`;
  assert.deepEqual(said(host), [install, 'update -q', install]);
  assert.equal(await systemPackages('start', host), 'all there');
  assert.equal(said(host).length, 3);
});

test('what is missing all the same is told, and so is an apt-get that fails', async () => {
  using host = fakeHost({ 'apt-get': aptGet(brought.filter((name) => name !== 'cpio')) }, 0);
  keyrings(host);
  await assert.rejects(systemPackages('start', host), { message: 'Installed, but still missing: cpio.' });
  using broken = fakeHost({ 'apt-get': 'echo the disk is full >&2; exit 100' }, 0);
  await assert.rejects(systemPackages('start', broken), /apt-get update -q failed \(100\)\nthe disk is full/);
});

const python = spawnSync('python3', ['-c', 'import pty']).status === 0;

test('on a terminal it asks before it uses sudo; without a yes it installs nothing', { skip: !python }, async (t) => {
  using host = fakeHost({ 'apt-get': ': > "${0%/*}/../ran"', sudo: ': > "${0%/*}/../ran"' });
  const { folders, root, uid } = host;
  const asked = JSON.stringify({ folders, root, uid, terminal: true });
  const script = `import { systemPackages } from '${url}';
    systemPackages('start', ${asked}).catch((error) => console.log('REFUSED ' + error.message));`;
  const screen = terminal(process.execPath, ['--input-type=module', '-e', script], { rows: 24, columns: 200 });
  t.after(() => screen.kill());
  await screen.seen(/Install them with sudo now\? \[y\/N\]/);
  screen.type('n\r');
  await screen.seen(/REFUSED Nothing was installed\. The command is:\s+sudo apt-get install -y/);
  assert.equal(existsSync(join(root, 'ran')), false);
});
