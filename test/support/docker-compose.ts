/** Debian's Compose as a plugin of the real `docker` command. */
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../vm-images/run.ts';
import { cachedFolder } from './images/build.ts';
import { fetchPackages } from './images/packages.ts';

const cached = join(import.meta.dirname, '../../.cache/test-images/compose-plugin');

/** Puts the plugin where `docker` with this configuration folder looks for it. */
export async function installCompose(dockerConfig: string): Promise<void> {
  await cachedFolder(cached, async (part) => {
    const packages = join(part, 'packages');
    await mkdir(packages);
    await fetchPackages(['docker-compose'], packages);
    const [file] = (await readdir(packages)).filter((name) => name.startsWith('docker-compose_'));
    await run('dpkg-deb', ['-x', join(packages, file ?? ''), part]);
  });
  const plugins = join(dockerConfig, 'cli-plugins');
  await mkdir(plugins, { recursive: true });
  await symlink(join(cached, 'usr/libexec/docker/cli-plugins/docker-compose'), join(plugins, 'docker-compose'));
}
