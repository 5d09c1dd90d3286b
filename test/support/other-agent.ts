/** Resources like the built ones, whose agent speaks another protocol. */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { protocolVersion } from '../../guest-agent/protocol/version.ts';
import { buildAgentImage } from '../../vm-images/agent-image.ts';

const root = join(import.meta.dirname, '../..');
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** @returns what `BERTH_RESOURCES` is to be */
export async function resourcesWithOtherAgent(folder: string): Promise<string> {
  const staging = join(folder, 'staging');
  await mkdir(join(folder, 'agent'), { recursive: true });
  await cp(join(root, 'dist/agent', arch), staging, { recursive: true });
  const bundle = join(staging, 'agent.mjs');
  const before = await readFile(bundle, 'utf8');
  const next = protocolVersion + 1;
  const after = before
    .replace(`protocolVersion===${protocolVersion}`, `protocolVersion===${next}`)
    .replace(`speaks protocol \${${protocolVersion}}`, `speaks protocol \${${next}}`)
    .replace(`protocolVersion:${protocolVersion},`, `protocolVersion:${next},`);
  assert.equal(after.split(String(next)).length - before.split(String(next)).length, 3, 'the bundle looks different');
  await writeFile(bundle, after);
  await buildAgentImage({ stagingDir: staging, outFile: join(folder, 'agent', `${arch}.erofs`) });
  for (const name of ['images', 'busybox', 'virtiofsd']) await symlink(join(root, '.cache', name), join(folder, name));
  return folder;
}
