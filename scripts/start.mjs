/**
 * `npm start`: sets up, builds, boots, and runs one container that tells what it sees of itself. With everything cached it
 * is one boot. Runs on Node 18; the real work is done by the pinned Node.
 */
import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';
import { main, SetupError, sinceStart } from './setup/run.mjs';
import { root, setup } from './setup.mjs';

/** What a container knows of itself, from its own /proc and cgroup. */
const lookAround = `
echo "pid 1        $(cat /proc/1/comm) (this shell is pid $$)"
echo "hostname     $(hostname)"
echo "namespaces   $(cd /proc/self/ns; for n in cgroup ipc mnt net pid user uts; do readlink $n; done | tr '\\n' ' ')"
echo "uid map      $(tr -s ' ' </proc/self/uid_map | tr '\\n' ';')"
echo "memory limit $(cat /sys/fs/cgroup/memory.max) bytes"
`;

function inherit(program, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', cwd: root, env });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new SetupError(failure([program, ...args], code ?? signal))),
    );
  });
}

function failure(words, status) {
  const script = words.find((word) => word.startsWith(join(root, 'scripts'))) ?? words[0];
  return `${relative(root, script)} ended with ${status}. What it said is above; "npm start" goes on from there.`;
}

await main(async () => {
  const { node, env } = await setup('start');
  await inherit(node, [join(root, 'scripts/build.ts')], env);
  const berth = join(root, 'scripts/berth');
  process.stderr.write(`Everything is built (${sinceStart()}). Starting the engine and a container in it …\n\n`);
  await inherit(berth, ['start'], env);
  const limits = ['--hostname', 'first-container', '--memory', '64m'];
  await inherit(berth, ['run', '--rm', ...limits, 'busybox', 'sh', '-c', lookAround], env);
  process.stderr.write(`
That was a container in a VM of its own kernel, ${sinceStart()} after "npm start". Go on with:

  scripts/berth run -it --rm busybox        a shell in a new container
  scripts/berth run --explain busybox true  every kernel operation that makes one, with its reason
  scripts/berth ps --all                    what there is
  scripts/berth --help                      the rest

The engine goes on running. Stop it with:

  scripts/berth stop --service
`);
});
