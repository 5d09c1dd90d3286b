/** Programs that come from the system. Each is looked for by what it brings, so that another origin counts too. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { run, SetupError } from './run.mjs';

const guestQemu = {
  x64: { package: 'qemu-system-x86', program: 'qemu-system-x86_64' },
  arm64: { package: 'qemu-system-arm', program: 'qemu-system-aarch64' },
};

/** What `npm start` needs on Linux. */
const toStart = [
  guestQemu[process.arch],
  { package: 'qemu-utils', program: 'qemu-img' },
  { package: 'mmdebstrap', program: 'mmdebstrap' },
  { package: 'debian-archive-keyring', file: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  { package: 'erofs-utils', program: 'mkfs.erofs' },
  { package: 'musl-tools', program: 'musl-gcc' },
  { package: 'cpio', program: 'cpio' },
  { package: 'xz-utils', program: 'xz' },
  { package: 'tar', program: 'tar' },
];

/** What `npm test` needs besides: the image of the other architecture, checks of file systems, a terminal, a sanitizer build, a registry, shells. */
const toTest = [
  { package: 'qemu-system-arm', program: 'qemu-system-aarch64' },
  { package: 'gcc-aarch64-linux-gnu', program: 'aarch64-linux-gnu-gcc' },
  { package: 'gcc', program: 'gcc' },
  { package: 'libc6-dev', file: '/usr/include/stdio.h' },
  { package: 'e2fsprogs', program: 'mke2fs' },
  { package: 'zstd', program: 'zstd' },
  { package: 'python3', program: 'python3' },
  { package: 'busybox-static', program: 'busybox' },
  { package: 'attr', program: 'getfattr' },
  { package: 'openssh-client', program: 'ssh-keygen' },
  { package: 'openssl', program: 'openssl' },
  { package: 'kmod', program: 'modprobe' },
  { package: 'skopeo', program: 'skopeo' },
  { package: 'curl', program: 'curl' },
  { package: 'docker-registry', program: 'docker-registry' },
  { package: 'nftables', program: 'nft' },
  { package: 'zsh', program: 'zsh' },
  { package: 'fish', program: 'fish' },
];

/** What is asked of the host; tests give their own. */
function thisHost() {
  return {
    folders: [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'],
    root: '/',
    uid: process.getuid?.() ?? -1,
    terminal: Boolean(process.stdin.isTTY && process.stderr.isTTY),
  };
}

function hasProgram(host, program) {
  return host.folders.some((folder) => existsSync(join(folder, program)));
}

/** @returns names of the Debian packages that are missing for `purpose` (`start` or `test`). */
export function missingPackages(purpose, host = thisHost()) {
  const wanted = (purpose === 'test' ? [...toStart, ...toTest] : toStart).filter((item) => item !== undefined);
  const missing = wanted.filter(({ file, program }) =>
    file === undefined ? !hasProgram(host, program) : !existsSync(join(host.root, file)),
  );
  return [...new Set(missing.map((item) => item.package))];
}

/**
 * Installs what is missing: as root by apt, else with sudo after a question on a terminal.
 * @throws SetupError with the exact command when neither is possible.
 */
export async function systemPackages(purpose, host = thisHost()) {
  if (process.platform !== 'linux') return 'not needed here';
  const missing = missingPackages(purpose, host);
  if (missing.length === 0) return 'all there';
  if (!hasProgram(host, 'apt-get')) throw new SetupError(withoutApt(missing));
  const prefix = host.uid === 0 ? [] : await sudo(missing, host);
  await install(prefix, missing, host);
  const still = missingPackages(purpose, host);
  if (still.length > 0) throw new SetupError(`Installed, but still missing: ${still.join(' ')}.`);
  return missing.join(' ');
}

async function install(prefix, packages, { folders }) {
  const env = { ...process.env, PATH: folders.join(':'), DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => {
    const [file, ...rest] = [...prefix, 'apt-get', ...args];
    return run(file, rest, { env, quiet: prefix.length === 0 });
  };
  const add = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  // The package lists may be missing or old: one more try after a fresh look.
  await apt(...add).catch(async () => {
    await apt('update', '-q');
    await apt(...add);
  });
}

async function sudo(missing, host) {
  const command = `sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!host.terminal) throw new SetupError(`System packages are missing. Run this, then try again:\n\n  ${command}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `Missing system packages: ${missing.join(' ')}\nInstall them with sudo now? [y/N] `,
  );
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new SetupError(`Nothing was installed. The command is:\n\n  ${command}\n`);
  return ['sudo'];
}

function withoutApt(missing) {
  return [
    'This system has no apt-get, so nothing can be installed for you. Needed (by the names of Debian packages):',
    '',
    ...missing.map((name) => `  ${name}`),
    '',
    'Install what your system calls them, then try again.',
  ].join('\n');
}
