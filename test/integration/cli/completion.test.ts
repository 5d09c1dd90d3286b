import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { command } from '../../support/berth.ts';
import { fakeHost, nodeArguments, type FakeHost } from '../../support/cli.ts';
import { containerInfo } from '../../support/container-info.ts';

interface Test {
  after(fn: () => Promise<void>): void;
}

/** A host with two containers and an image, and a `berth` on the PATH that reaches it. */
async function prepared(t: Test): Promise<FakeHost & { path: string }> {
  const image = {
    id: 'sha256:1',
    digest: '',
    repoDigests: [],
    platform: 'linux/amd64',
    createdAt: '',
    sizeBytes: 1,
    layers: [],
    labels: {},
  };
  const host = await fakeHost(t, {
    containers: {
      list: ({ all }) =>
        Promise.resolve((all ? ['web-one', 'web-two'] : ['web-one']).map((name) => containerInfo(name))),
    },
    images: { list: () => Promise.resolve([{ ...image, references: ['local/app:latest', 'local/app:old'] }]) },
  });
  const home = host.env['BERTH_HOME'] ?? '';
  const words = [process.execPath, ...nodeArguments()].map((word) => `'${word}'`).join(' ');
  await writeFile(join(home, 'berth'), `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(join(home, 'berth'), 0o755);
  return { ...host, path: `${home}:${process.env['PATH'] ?? ''}` };
}

const offers = (stdout: string): string[] => stdout.split('\n').flatMap((line) => line.split('\t', 1)[0] || []);

describe('__complete', () => {
  const table: [string[], string[]][] = [
    [['conso'], ['console']],
    [['volume', 'r'], ['rm']],
    [['run', '--memory-s'], ['--memory-swap']],
    [['stop', ''], ['web-one']],
    [
      ['rm', 'web'],
      ['web-one', 'web-two'],
    ],
    [['exec', '-u', 'me', 'web'], ['web-one']],
    [['exec', 'web-one', ''], []],
    [
      ['run', 'local/'],
      ['local/app:latest', 'local/app:old'],
    ],
    [['run', '-it', 'local/app:o'], ['local/app:old']],
    [['run', '--ipc', 's'], ['shareable']],
    [['run', '--env-file', ''], [':files']],
    [['kill', '-s', 'WIN'], ['WINCH']],
    [['--machine', 'x', 'conso'], ['console']],
    [['completion', 'z'], ['zsh']],
    [['nonsense', ''], []],
    [['rename', 'web-one', 'new', ''], []],
  ];
  for (const [words, wanted] of table)
    it(words.join(' '), async (t) => {
      const host = await prepared(t);
      const outcome = await command(process.execPath, nodeArguments('__complete', '--', ...words), host);
      assert.deepEqual([outcome.code, offers(outcome.stdout), outcome.stderr], [0, wanted, '']);
    });

  it('offers nothing, and says nothing, when no service runs', async () => {
    const env = { BERTH_HOME: '/no/such/folder' };
    const outcome = await command(process.execPath, nodeArguments('__complete', '--', 'stop', ''), { env });
    assert.deepEqual(outcome, { code: 0, stdout: '', stderr: '' });
  });
});

/** For each shell: a script that prints what it offers for LINE. */
const shells: Record<string, (line: string) => readonly string[]> = {
  bash: (line) => [
    '-c',
    `source <(berth completion bash); COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _berth; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (line) => [
    '-fc',
    // A function in the place of the builtin tells what would be offered; a line editor needs a terminal.
    `autoload -U compinit; compinit -D 2>/dev/null; source <(berth completion zsh); _describe() { print -l -- "\${(@P)2}" }; ` +
      `_files() { print files }; line='${line}'; words=("\${(@)\${(s: :)line}}"); [[ $line == *' ' ]] && words+=(""); CURRENT=\${#words}; _berth`,
  ],
  fish: (line) => ['--no-config', '-c', `berth completion fish | source; complete -C '${line}'`],
};

for (const [shell, script] of Object.entries(shells)) {
  const missing = spawnSync(shell, ['-c', 'true']).status !== 0;
  describe(`${shell} completion`, { skip: missing ? `${shell} is not installed` : false }, () => {
    const complete = async (t: Test, line: string): Promise<string> => {
      const host = await prepared(t);
      const outcome = await command(shell, script(line), { env: { ...host.env, PATH: host.path } });
      assert.equal(outcome.stderr, '');
      return outcome.stdout;
    };
    it('completes commands', async (t) => assert.match(await complete(t, 'berth conso'), /^console\b/));
    it('completes options', async (t) => assert.match(await complete(t, 'berth run --memory-s'), /^--memory-swap\b/));
    it('completes container names', async (t) => {
      const lines = (await complete(t, 'berth rm web-')).trim().split('\n');
      assert.deepEqual(lines.map((line) => line.trim()).sort(), ['web-one', 'web-two']);
    });
    it('completes names with colons', async (t) => {
      assert.match(await complete(t, 'berth run local/app:o'), /^(local\/app\\?:)?old\s*$/);
    });
  });
}
