/** The pinned Node, from its npm package; used only when the package has the pinned digest. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run, SetupError } from './run.mjs';

const names = { linux: 'linux', win32: 'win', darwin: 'darwin' };

/** @returns path of the pinned Node, fetched into `.cache/node` when it is not there. */
export async function pinnedNode(root) {
  const { node } = JSON.parse(await readFile(join(root, 'vm-images/pins.json'), 'utf8'));
  if (process.versions.node === node.version) return process.execPath;
  const platform = `${names[process.platform]}-${process.arch}`;
  const program = join(root, '.cache/node/package/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if ((await version(program)) === `v${node.version}`) return program;
  const integrity = node.integrity[platform];
  if (integrity === undefined)
    throw new SetupError(
      `Node ${node.version} is not pinned for ${platform}: install that version yourself and run again.`,
    );
  await fetchNode(join(root, '.cache'), { name: `node-${platform}`, version: node.version, integrity });
  return program;
}

async function version(program) {
  if (!existsSync(program)) return undefined;
  return (await run(program, ['--version']).catch(() => '')).trim();
}

async function fetchNode(cache, { name, version: wanted, integrity }) {
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, '.node-'));
  try {
    const file = (await npm(process.execPath, ['pack', '--silent', `${name}@${wanted}`], { cwd: temporary })).trim();
    const archive = join(temporary, file);
    const found = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (found !== integrity)
      throw new SetupError(`${name}@${wanted} has the digest ${found}, not the pinned ${integrity}. It is not used.`);
    await run('tar', ['-xf', archive, '-C', temporary]);
    await rm(archive);
    await rm(join(cache, 'node'), { recursive: true, force: true });
    // A folder made for one moment is closed to others; the checkout's users are not only its owner.
    await chmod(temporary, 0o755);
    await rename(temporary, join(cache, 'node'));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Runs npm by the given Node: its package holds no npm of its own, so the host's is taken. */
export async function npm(node, args, options) {
  return run(node, [await npmProgram(), ...args], options);
}

async function npmProgram() {
  const given = process.env.npm_execpath;
  if (given?.endsWith('npm-cli.js') && existsSync(given)) return given;
  for (const folder of (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':')) {
    const beside = join(folder, 'node_modules/npm/bin/npm-cli.js');
    if (existsSync(beside)) return beside;
    const link = join(folder, 'npm');
    if (!existsSync(link)) continue;
    const target = await realpath(link);
    if (target.endsWith('npm-cli.js')) return target;
    const above = join(dirname(dirname(target)), 'lib/node_modules/npm/bin/npm-cli.js');
    if (existsSync(above)) return above;
  }
  throw new SetupError('npm was not found. Install it (Debian: apt-get install npm) and run again.');
}
