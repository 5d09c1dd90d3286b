/** What the bench guest holds besides the product: the floor program, crun and runc with their libraries, a bundle. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unpackOnly } from '../../vm-images/debian.ts';

const run = promisify(execFile);
const source = (name: string): string => fileURLToPath(new URL(`./guest/${name}`, import.meta.url));

/** Where the tools lie in the guest: on the data disk, where containers have their layers, too. */
export const home = '/var/lib/berth/bench';

/**
 * Lays the rivals' libraries over the guest's: runc starts itself again with an environment of its own, so that no
 * variable can tell where they are.
 */
export const layLibraries = `mount -t overlay -o lowerdir=${home}/rivals/usr/lib/x86_64-linux-gnu:/usr/lib overlay /usr/lib`;

const bundle = {
  ociVersion: '1.0.2',
  process: {
    user: { uid: 0, gid: 0 },
    args: ['/bin/true'],
    env: ['PATH=/bin'],
    cwd: '/',
    capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] },
  },
  root: { path: 'merged' },
  hostname: 'bench',
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
  ],
  linux: {
    uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup', 'user'].map((type) => ({ type })),
  },
};

/** Builds everything under `dir`; answers the path of a tar archive of it. */
export async function guestTools(dir: string): Promise<string> {
  const tools = join(dir, 'tools');
  for (const folder of [
    'lower/bin',
    'lower/proc',
    'lower/dev',
    'lower/sys',
    'scratch/upper',
    'scratch/work',
    'scratch/merged',
    'bundle/upper',
    'bundle/work',
    'bundle/merged',
  ])
    await mkdir(join(tools, folder), { recursive: true });
  await run('musl-gcc', ['-static', '-Os', '-o', join(tools, 'floor'), source('floor.c')]);
  await writeFile(join(dir, 'true.c'), 'int main(void) { return 0; }\n');
  await run('musl-gcc', ['-static', '-Os', '-o', join(tools, 'lower/bin/true'), join(dir, 'true.c')]);
  await copyFile(source('client.ts'), join(tools, 'client.ts'));
  await writeFile(join(tools, 'bundle/config.json'), JSON.stringify(bundle));
  await run('mmdebstrap', ['--quiet', ...unpackOnly(), '--include=crun,runc', 'trixie', join(dir, 'debian')], {
    maxBuffer: 1 << 26,
  });
  await mkdir(join(tools, 'rivals/usr/bin'), { recursive: true });
  await mkdir(join(tools, 'rivals/usr/lib'), { recursive: true });
  await run('sh', [
    '-c',
    'cp -L "$0"/usr/bin/crun "$0"/usr/sbin/runc "$1"/usr/bin/; cp -a "$0"/usr/lib/x86_64-linux-gnu "$1"/usr/lib/; find "$1"/usr/lib -mindepth 2 -type d -prune -exec rm -rf {} +',
    join(dir, 'debian'),
    join(tools, 'rivals'),
  ]);
  const archive = join(dir, 'tools.tar');
  await run('tar', ['-C', tools, '-cf', archive, '.']);
  return archive;
}
