/** The first file system: busybox, the modules that the root needs, one script. An uncompressed newc archive. */
import { chmod, copyFile, mkdir, readFile, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hyperVRootModules, rootModules } from './inputs.ts';
import { installModules, type KernelTree } from './kernel-tree.ts';
import { loadOrder } from './modules.ts';
import { run } from './run.ts';

const APPLETS = ['sh', 'mount', 'modprobe', 'usleep', 'mkdir', 'cp', 'poweroff', 'switch_root'];
/** virtio's disks are vda and on; Hyper-V's bus offers SCSI disks. */
const DISKS = { virtio: '/dev/vd', scsi: '/dev/sd' };

export interface InitrdSources {
  readonly debian: string;
  readonly kernel: KernelTree;
  readonly own: string;
}

export async function buildInitrd(
  staging: string,
  output: string,
  { debian, kernel, own }: InitrdSources,
): Promise<void> {
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'run', 'root', 'etc', 'berth-config'])
    await mkdir(join(staging, folder), { recursive: true });
  await copyFile(join(debian, 'usr/bin/busybox'), join(staging, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(staging, 'bin', applet));
  await copyFile(join(own, 'initramfs/init'), join(staging, 'init'));
  await chmod(join(staging, 'init'), 0o755);
  await copyFile(join(own, 'initramfs/fstab.first'), join(staging, 'etc/fstab.first'));
  const fstab = await readFile(join(own, 'initramfs/fstab.root'), 'utf8');
  for (const [kind, disk] of Object.entries(DISKS))
    await writeFile(join(staging, `etc/fstab.${kind}`), fstab.replaceAll('DISK', disk));
  await stageModules(staging, kernel);
  await writeFile(output, await archive(staging));
}

async function stageModules(staging: string, kernel: KernelTree): Promise<void> {
  const modules = loadOrder([...rootModules, ...hyperVRootModules], kernel.find, kernel.builtIn);
  await installModules(join(staging, 'lib/modules', kernel.version), modules, kernel);
}

/** Sorted names, no times, no inode numbers: the same files give the same bytes. */
async function archive(folder: string): Promise<Buffer> {
  const names = (await readdir(folder, { recursive: true })).sort();
  for (const name of names) await utimes(join(folder, name), 0, 0).catch(() => undefined);
  const args = ['--create', '--format=newc', '--quiet', '--reproducible', '--owner=0:0'];
  return run('cpio', args, { cwd: folder, input: names.map((name) => `${name}\n`).join('') });
}
