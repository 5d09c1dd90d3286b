/** Debian's podman and dockerd for the guest: a whole Debian of their own on the data disk. */
import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackOnly } from '../../vm-images/debian.ts';
import { berthScript, guest, ok } from './berth.ts';
import { guestSshPort } from './guest-ssh.ts';
import { cachedFolder, testCache } from './images/build.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export type Rival = 'podman' | 'docker';

/** Where they lie in the guest; `run RIVAL WORDS` runs one of their commands. */
export const rivals = '/var/lib/berth/rivals';

/** Of their dockerd, in the guest. */
const socket = `${rivals}/debian/run/docker.sock`;

const packages: Readonly<Record<Rival, readonly string[]>> = {
  docker: ['base-files', 'busybox-static', 'docker.io', 'docker-cli', 'ca-certificates', 'runc', 'procps'],
  podman: ['podman', 'crun'],
};

const unwanted = ['doc', 'man', 'locale']
  .map((name) => `usr/share/${name}`)
  .concat(['usr/lib/cni', 'usr/bin/ctr', 'usr/bin/containerd-shim', 'usr/bin/containerd-shim-runc-v1', 'dev/*']);

/**
 * Docker's service starts with its first command, in a mount namespace of its own by pivot_root(2), as runc wants it; with
 * the word `alone` before it, in a network namespace of its own, too. It has its bridge, but writes no rules of a packet
 * filter (which would cost each start some time more): the guest's kernel has not what iptables(8) asks for.
 */
const runner = `#!/bin/sh
set -e
cd ${rivals}
namespaces=-m
if [ "$1" = alone ]; then namespaces=-mn; shift; fi
rival=$1; shift
if [ ! -e debian/proc/self ]; then
  # Both unpack in a chroot of their own, for which theirs must be a mount.
  mount --bind debian debian
  for d in proc sys dev; do mount --rbind /$d debian/$d; done
  mount --make-rprivate debian
  mount -t tmpfs tmpfs debian/run
  mkdir -p debian/tmp debian/var/tmp debian/before
  cp /etc/resolv.conf debian/etc/resolv.conf
fi
if [ "$rival" = podman ]; then
  [ "$1" = pull ] && set -- "$1" --tls-verify=false "$2"
  exec chroot debian /usr/bin/podman "$@" >&2
fi
if [ ! -S debian/run/docker.sock ]; then
  unshare $namespaces sh -c 'set -e; cd debian; pivot_root . before; busybox umount -l /before; busybox ip link set lo up
    exec dockerd --host unix:///run/docker.sock --pidfile /run/docker.pid --bip 10.200.0.1/24 \\
    --iptables=false --ip6tables=false --insecure-registry 10.0.2.0/24' > dockerd.log 2>&1 < /dev/null &
  until [ -S debian/run/docker.sock ]; do
    kill -0 $! || { cat dockerd.log >&2; exit 1; }
    sleep 0.1
  done
fi
exec chroot debian /usr/bin/docker --host unix:///run/docker.sock "$@" >&2
`;

/** Brings them into the guest, which keeps them. Their packages are fetched once for this machine. */
export async function bringRivals(...wanted: readonly Rival[]): Promise<void> {
  const archive = await rivalsArchive(wanted);
  const unpack = `[ -e ${rivals}/run ] || { mkdir -p ${rivals} && tar -x -C ${rivals}; }`;
  await run('sh', ['-c', `"$0" ssh -- sh -c '${unpack}' < "$1"`, berthScript, archive], {
    env: process.env,
    timeout: 180_000,
  });
}

/** The path of a tar archive. */
async function rivalsArchive(wanted: readonly Rival[]): Promise<string> {
  const included = wanted.flatMap((rival) => packages[rival]).join(',');
  const key = createHash('sha256')
    .update(included)
    .update(await readFile(import.meta.filename));
  const set = `rivals-${wanted.join('+')}`;
  const folder = join(testCache, `${set}-${key.digest('hex').slice(0, 16)}`);
  await cachedFolder(folder, async (part) => {
    for (const old of (await readdir(testCache)).filter((name) => name.startsWith(`${set}-`)))
      await rm(join(testCache, old), { recursive: true });
    const tree = join(part, 'tree');
    const debian = join(tree, 'debian');
    await mkdir(tree);
    await run('mmdebstrap', ['--quiet', ...unpackOnly(), `--include=${included}`, 'trixie', debian], {
      maxBuffer: 1 << 26,
    });
    // Both look up who they run as.
    await writeFile(join(debian, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    await writeFile(join(debian, 'etc/group'), 'root:x:0:\n');
    await writeFile(join(tree, 'run'), runner);
    await chmod(join(tree, 'run'), 0o755);
    const without = unwanted.map((path) => `--exclude=./debian/${path}`);
    await run('tar', ['-C', tree, '-cf', join(part, 'rivals.tar'), ...without, '.']);
    await rm(tree, { recursive: true });
  });
  return join(folder, 'rivals.tar');
}

/** Their dockerd at a socket of the host, by ssh; the end of the process ends that. */
export async function forwardRival(home: string, path: string): Promise<ChildProcess> {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'BatchMode=yes',
    'StreamLocalBindUnlink=yes',
  ];
  const child = spawn(
    'ssh',
    [
      ...options.flatMap((option) => ['-o', option]),
      ...['-i', join(home, 'data/machines/default/keys/id_ed25519'), '-p', String(await guestSshPort())],
      ...['-N', '-L', `${path}:${socket}`, 'root@127.0.0.1'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until('the forwarded socket of dockerd', async () => {
    const probe = connect(path);
    await once(probe, 'connect');
    probe.destroy();
    return true;
  });
  return child;
}

/** dockerd alone, with nothing of ours in reach of it; what the answer does leaves nothing of it. */
export async function dockerdAlone(): Promise<() => Promise<void>> {
  await bringRivals('docker');
  await ok(['ssh', '--', `${rivals}/run`, 'alone', 'docker', 'version'], { limitMs: 120_000 });
  return async () => {
    await guest(`set -e; cd ${rivals}; kill $(cat debian/run/docker.pid); while [ -e debian/run/docker.pid ]; do usleep 100000; done
      umount -l debian; cd /; rm -r ${rivals}`);
  };
}
