/** Files of npm packages whose content is pinned: fetched by `npm pack`, used only when the sha512 matches. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../guest-agent/protocol/errors.ts';
import { run } from './run.ts';

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** As in package-lock.json: `sha512-` and base64. */
  readonly integrity: string;
}

/**
 * The unpacked package, its files below `package/`. Kept in `cacheDir` under its digest; arrives there by rename.
 * @throws EngineError `corrupt-content` when the digest differs, `operation-failed` when npm cannot fetch it.
 */
export async function fetchPackage(pin: PinnedPackage, cacheDir: string, signal?: AbortSignal): Promise<string> {
  const key = createHash('sha256').update(pin.integrity).digest('hex').slice(0, 16);
  const home = join(cacheDir, 'npm', `${pin.name.replace('/', '-')}-${pin.version}-${key}`);
  if (await exists(join(home, 'package', 'package.json'))) return home;
  await mkdir(join(cacheDir, 'npm'), { recursive: true });
  const temporary = await mkdtemp(join(cacheDir, 'npm', '.part-'));
  try {
    const packed = await run('npm', ['pack', '--silent', `${pin.name}@${pin.version}`], { cwd: temporary, signal });
    const archive = join(temporary, packed.toString().trim());
    await verify(archive, pin);
    await run('tar', ['-xf', archive, '--no-same-owner', '-C', temporary], { signal });
    await rm(archive);
    await rm(home, { recursive: true, force: true });
    await rename(temporary, home);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return home;
}

async function verify(archive: string, pin: PinnedPackage): Promise<void> {
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  if (found === pin.integrity) return;
  throw new EngineError('corrupt-content', `${pin.name}@${pin.version} has the digest ${found}, not the pinned one.`, {
    hint: 'Something between the registry and this machine changes packages; do not use what it delivers.',
  });
}

function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
