/** What is wrong with the host: each is told in one line with a next step, leaves nothing, and ends with its cause. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownHome, type OwnHome } from '../support/own-home.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-failures-'));
test.after(() => rm(folder, { recursive: true, force: true }));

const runTrue = ['run', '-q', '--rm', 'busybox', 'true'];
const answersVersion = `case "$*" in *--version*) echo 'QEMU emulator version 8.0.0'; exit 0 ;; esac`;
const isRoot = process.getuid?.() === 0;

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Nothing runs, the machine is not locked, and the doctor names the cause. */
async function leftInOrder(home: OwnHome, cause: RegExp): Promise<void> {
  assert.equal((await home.berth(['status'])).code, 3);
  const doctor = await home.berth(['doctor']);
  assert.match(doctor.stdout, cause);
  assert.equal(doctor.code, 1);
  const left = await readdir(join(home.path, 'run/default')).catch(() => []);
  // The Docker socket is there as long as the host service.
  assert.deepEqual(
    left.filter((name) => /pid|sock/.test(name) && name !== 'docker.sock'),
    [],
  );
  await home.ok(['machine', 'rm', '--force', 'default']);
  assert.deepEqual(await readdir(join(home.path, 'data/machines')), []);
}

test('no QEMU where it was said to be: named, with what to do', async (t) => {
  const home = await ownHome(t, { BERTH_QEMU: join(folder, 'nowhere') });
  await home.refused(runTrue, 125, /nowhere cannot be used: there is no such file.*BERTH_QEMU/);
  await home.refused(['start', '-q'], 1, /there is no such file/);
  await leftInOrder(home, /FAILED +hypervisor: .*nowhere/);
});

test('no QEMU at all: says what to install', async (t) => {
  const home = await ownHome(t, { PATH: folder });
  await home.refused(runTrue, 125, /qemu-system-\S+ was not found\. — Install the package/);
  await leftInOrder(home, /FAILED +hypervisor: .*was not found/);
});

test('a QEMU that crashes at its start: its own words, and the next step', async (t) => {
  const crash = `${answersVersion}\necho 'qemu: the sky is falling' >&2\nkill -SEGV $$`;
  const home = await ownHome(t, { BERTH_QEMU: await program('crash', crash) });
  await home.refused(runTrue, 125, /QEMU did not start: qemu: the sky is falling — Run "berth doctor"/);
  await home.refused(runTrue, 125, /the sky is falling/);
  await leftInOrder(home, /the sky is falling/);
});

test('a QEMU that hangs is ended after its time, and called so', async (t) => {
  const pids = join(folder, 'hanging');
  const hang = `${answersVersion}\necho $$ >>${pids}\nexec sleep 1000`;
  const home = await ownHome(t, { BERTH_QEMU: await program('hang', hang) });
  await home.ok(['machine', 'set', '--accelerator', 'tcg']);
  await home.refused(runTrue, 125, /QEMU hangs: its monitor did not answer within 10 s\. — .*berth doctor/);
  for (const pid of (await readFile(pids, 'utf8')).trim().split('\n'))
    assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  await leftInOrder(home, /QEMU hangs/);
});

test('no memory for the machine: refused when it is set, and told when QEMU itself gets none', async (t) => {
  const real = execFileSync('sh', ['-c', 'command -v qemu-system-x86_64'], { encoding: 'utf8' }).trim();
  const poor = await program('poor', `ulimit -v 2000000\nexec ${real} "$@"`);
  const home = await ownHome(t, { BERTH_QEMU: poor });
  await home.refused(['machine', 'set', '--memory', '9000g'], 1, /9216000 MiB.*this host has.* — Set at most \d+ MiB/);
  await home.refused(['machine', 'set', '--memory', '10m'], 1, /10\..* at least 256/);
  await home.refused(['machine', 'set', '--cpus', '4096'], 1, /4096 CPUs.* — Set at most \d+/);
  await home.ok(['machine', 'set', '--memory', '3g', '--accelerator', 'tcg']);
  await home.refused(runTrue, 125, /could not give the machine's memory\. — Set less memory/);
  await leftInOrder(home, /could not give the machine's memory/);
});

test('a forced accelerator that this host does not have is named, with the way back', async (t) => {
  const home = await ownHome(t);
  await home.refused(['machine', 'set', '--accelerator', 'magic'], 1, /no accelerator "magic".* — Choose one of kvm/);
  await home.ok(['machine', 'set', '--accelerator', 'hvf']);
  await home.refused(runTrue, 125, /This host has no accelerator hvf\. — .*machine set --accelerator auto/);
  await leftInOrder(home, /no accelerator hvf/);
});

test('the doctor tells the verdict of the trial boot with its reason, and forgets it when asked to', async (t) => {
  const home = await ownHome(t);
  const accelerators = async (...flags: string[]) => {
    const outcome = await home.berth(['doctor', '--format', 'json', ...flags]);
    const lines = outcome.stdout.trim().split('\n');
    return new Map(
      lines
        .map((line) => JSON.parse(line) as { name: string; detail: string; status: string })
        .filter(({ name }) => name.startsWith('accelerator '))
        .map(({ name, detail, status }) => [name.slice('accelerator '.length), `${status}: ${detail}`]),
    );
  };
  const kept = JSON.parse(await readFile(join(home.path, 'state/accelerators.json'), 'utf8')) as {
    verdicts: { accelerator: string; works: boolean; reason: string }[];
  };
  const before = await accelerators();
  for (const { accelerator, works, reason } of kept.verdicts.filter((known) => known.accelerator !== 'tcg'))
    assert.equal(before.get(accelerator), `${works ? 'ok' : 'warning'}: ${reason}`);
  assert.match(before.get('tcg') ?? '', /^ok: /);
  const after = await accelerators('--retry');
  for (const { accelerator } of kept.verdicts.filter((known) => known.accelerator !== 'tcg'))
    assert.match(after.get(accelerator) ?? '', /^ok: present; proved by the next boot/);
  assert.doesNotMatch(await readFile(join(home.path, 'state/accelerators.json'), 'utf8'), /trial boot/);
});

test('a host disk without room for a machine is told before anything is booted', { skip: !isRoot }, async (t) => {
  const small = join(folder, 'small');
  await mkdir(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', small]);
  const home = await ownHome(t, {}, join(small, 'home'));
  // After the service has ended: hooks run in the order in which they were given.
  t.after(() => Promise.resolve(execFileSync('umount', ['-l', small])));
  await home.refused(runTrue, 125, /has \d+ MiB left on its file system\. — Free some space/);
  assert.deepEqual(
    (await readdir(join(home.path, 'data/machines/default'))).filter((name) => name.endsWith('.raw')),
    [],
  );
  await leftInOrder(home, /MiB left/);
});
