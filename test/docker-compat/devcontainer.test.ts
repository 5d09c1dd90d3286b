/** The Dev Containers command on a configuration with an image, by the real `docker` client beneath it. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { command } from '../support/berth.ts';
import { dockerEnv, dockerIsHere, shell } from '../support/docker-command.ts';
import { importImages } from '../support/images/import.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';
const program = fileURLToPath(import.meta.resolve('@devcontainers/cli/devcontainer.js'));

const configuration = {
  name: 'proof',
  image: 'devcontainer/redis',
  workspaceFolder: '/workspaces/proof',
  workspaceMount: 'source=${localWorkspaceFolder},target=/workspaces/proof,type=bind,consistency=cached',
  remoteUser: 'redis',
  containerEnv: { IN_CONTAINER: 'yes' },
  remoteEnv: { FROM_CONTAINER: '${containerEnv:IN_CONTAINER}-${localEnv:BERTH_PROOF}' },
  mounts: ['source=proof-cache,target=/cache,type=volume'],
  postCreateCommand: 'id -un > made-inside',
  // Anything else is an image that has to be built.
  updateRemoteUserUID: false,
};

async function devcontainer(words: string[]): Promise<string> {
  const env = { ...dockerEnv(), BERTH_PROOF: 'outside' };
  const { code, stdout, stderr } = await command(process.execPath, [program, ...words], { env, limitMs: 300_000 });
  assert.equal(code, 0, `devcontainer ${words.join(' ')}\n${stderr}${stdout}`);
  return stdout;
}

test('up and exec: the workspace is live both ways, with user, environment and first command', { skip }, async (t) => {
  const workspace = join(process.env.BERTH_HOME ?? '', 'workspace');
  await mkdir(join(workspace, '.devcontainer'), { recursive: true });
  // Its user in the container is another than the one of the tests.
  await chmod(workspace, 0o777);
  await writeFile(join(workspace, '.devcontainer/devcontainer.json'), JSON.stringify(configuration));
  await importImages(t, 'devcontainer', ['redis']);
  t.after(async () => {
    await shell('docker rm -f $(docker ps -aq --filter label=devcontainer.local_folder)');
    await shell('docker volume rm proof-cache');
    await rm(workspace, { recursive: true });
  });
  const folder = ['--workspace-folder', workspace];
  const up = JSON.parse((await devcontainer(['up', ...folder])).trim().split('\n').at(-1) ?? '') as object;
  assert.partialDeepStrictEqual(up, {
    ...{ outcome: 'success', remoteUser: 'redis', remoteWorkspaceFolder: '/workspaces/proof' },
  });
  assert.equal(await readFile(join(workspace, 'made-inside'), 'utf8'), 'redis\n');

  const inside = (script: string) => devcontainer(['exec', ...folder, 'sh', '-c', script]);
  assert.equal(await inside('id -un; pwd; echo $FROM_CONTAINER'), 'redis\n/workspaces/proof\nyes-outside\n');
  await writeFile(join(workspace, 'program.sh'), 'echo from the host; printf "from inside" >answer\n');
  assert.equal(await inside('. ./program.sh'), 'from the host\n');
  assert.equal(await readFile(join(workspace, 'answer'), 'utf8'), 'from inside');

  const again = JSON.parse((await devcontainer(['up', ...folder])).trim().split('\n').at(-1) ?? '') as object;
  assert.deepEqual(again, up, 'a second "up" finds the container of the first');
});
