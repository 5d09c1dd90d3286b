import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { findCommand } from '../../../app/cli/command/find.ts';
import { commandTree, type CommandEntry } from '../../../app/cli/command/tree.ts';
import { command, type Outcome } from '../../support/berth.ts';
import { fakeHost, nodeArguments } from '../../support/cli.ts';
import { busyApi } from '../../support/busy-api.ts';
import { terminal } from '../../support/terminal.ts';

interface Test {
  after(fn: () => Promise<void>): void;
}

async function berth(t: Test, ...args: string[]): Promise<Outcome> {
  return command(process.execPath, nodeArguments(...args), await fakeHost(t, busyApi));
}

function paths(entries: readonly CommandEntry[], before: readonly string[] = []): string[][] {
  return entries
    .filter(({ hidden }) => hidden !== true)
    .flatMap(({ name, children }) =>
      children === undefined ? [[...before, name]] : paths(children, [...before, name]),
    );
}

const commands = paths(commandTree);

describe('--help', { concurrency: 2 }, () => {
  for (const path of commands)
    it(path.join(' '), async (t) => {
      const { code, stdout, stderr } = await berth(t, ...path, '--help');
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: berth ${path.join(' ')}( |$)`, 'm'));
      // The verbs of `berth container` and `berth image` are the ones without it, and so are their examples.
      const [family = ''] = path;
      const shown = ['container', 'image'].includes(family) ? '' : family;
      assert.match(stdout, new RegExp(`^Examples:\\n .*berth ${shown}`, 'm'));
    });
});

/** Words that each command with --format needs, and the name of a field. Other commands by the same file need no more. */
const formatted: Readonly<Record<string, readonly [words: readonly string[], field: string]>> = {
  ps: [[], 'Names'],
  images: [[], 'ID'],
  inspect: [['web'], 'Id'],
  'image inspect': [['local/app'], 'Id'],
  'image ls': [[], 'ID'],
  history: [['local/app'], 'ID'],
  search: [['app'], 'Name'],
  'volume ls': [[], 'Name'],
  'volume inspect': [['data'], 'Name'],
  'network ls': [[], 'Name'],
  'network inspect': [['bridge'], 'Name'],
  'machine ls': [[], 'Name'],
  'system df': [[], 'Type'],
  'system check': [[], 'blobs'],
  stats: [['--no-stream'], 'Name'],
  port: [['web'], 'hostPort'],
  'explain port': [['8080'], 'verdict'],
  'explain dns': [['db'], 'verdict'],
  top: [['web'], 'PID'],
  status: [[], 'status'],
  doctor: [[], 'status'],
  version: [[], 'Client'],
};

describe('--format', { concurrency: 2 }, () => {
  for (const [name, [words, field]] of Object.entries(formatted)) {
    const args = (format: string): string[] => [...name.split(' '), '--format', format, ...words];
    it(`json of ${name}`, async (t) => {
      const { code, stdout, stderr } = await berth(t, ...args('json'));
      assert.deepEqual([code, stderr], [0, '']);
      const rows = stdout
        .trim()
        .split('\n')
        .flatMap((line) => JSON.parse(line) as object | object[]);
      assert(rows.length > 0);
      for (const row of rows) assert(Object.hasOwn(row, field), `${field} in ${JSON.stringify(row)}`);
    });
    it(`a template of ${name}`, async (t) => {
      const { code, stdout, stderr } = await berth(t, ...args(`<{{json .${field}}}>`));
      assert.deepEqual([code, stderr], [0, '']);
      for (const line of stdout.trim().split('\n')) assert.match(line, /^<.+>$/);
    });
    it(`a field that ${name} has not`, async (t) => {
      const { code, stdout, stderr } = await berth(t, ...args('{{.NoSuch}}'));
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^berth: --format: there is no field \.NoSuch; there are /m);
    });
  }

  it('is known by the commands of the table and their other names alone', async () => {
    const named = Object.keys(formatted).map((name) => findCommand(name.split(' ')).entry.load?.toString());
    for (const path of commands) {
      const { entry } = findCommand(path);
      const spec = (await entry.load?.())?.command;
      const has = spec?.options.some((option) => option.name === 'format') ?? false;
      assert.equal(has, named.includes(entry.load?.toString()), path.join(' '));
    }
  });
});

const python = spawnSync('python3', ['-c', 'import pty']).status === 0;
const skip = python ? false : 'python3 with its pty module is needed for a pseudo-terminal';

describe('colours', { skip }, () => {
  const coloured = [['doctor'], ['run', '--explain', 'busybox', 'true']];
  const escape = String.fromCharCode(27);
  for (const args of coloured) {
    it(`${args.join(' ')}: none in a pipe`, async (t) => {
      const { code, stdout } = await berth(t, ...args);
      assert.equal(code, 0);
      assert(!stdout.includes(escape), stdout);
    });
    const printed = async (t: Test, env: Record<string, string>): Promise<ReturnType<typeof terminal>> => {
      const host = await fakeHost(t, busyApi);
      const variables = Object.entries({ ...host.env, TERM: 'xterm', ...env }).map(
        ([name, value]) => `${name}=${value}`,
      );
      const shown = terminal('env', [...variables, process.execPath, ...nodeArguments(...args)], {
        rows: 24,
        columns: 200,
      });
      assert.equal(await shown.exited, 0);
      return shown;
    };
    it(`${args.join(' ')}: on a terminal`, async (t) => (await printed(t, {})).seen(/\u001b\[[0-9;]+m/));
    it(`${args.join(' ')}: none where NO_COLOR is set`, async (t) =>
      (await printed(t, { NO_COLOR: '1' })).seen(/^[^\u001b]+$/));
  }
});
