import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findCommand } from '../../../../../app/cli/command/find.ts';
import { editDistance, nearest } from '../../../../../app/cli/command/suggest.ts';
import { commandTree, type CommandEntry } from '../../../../../app/cli/command/tree.ts';

describe('findCommand', () => {
  const table: [string[], string, string[]][] = [
    [['ps', '-a'], 'berth ps', ['-a']],
    [['container', 'ls', '-a'], 'berth container ls', ['-a']],
    [['container', 'ps'], 'berth container ls', []],
    [['image', 'list'], 'berth image ls', []],
    [['image', '--help'], 'berth image', ['--help']],
    [['volume', 'remove', 'x'], 'berth volume rm', ['x']],
  ];
  for (const [words, path, rest] of table)
    it(words.join(' '), () => {
      const found = findCommand(words);
      assert.equal(found.path, path);
      assert.deepEqual(found.rest, rest);
    });

  it('names what was meant', () => {
    assert.throws(() => findCommand(['rn']), { message: "'berth rn' is not a command", hint: /'berth (run|rm)'/ });
    assert.throws(() => findCommand(['volume', 'creat']), { hint: /'berth volume create'/ });
    assert.throws(() => findCommand(['qqqqqqq']), { hint: /berth --help/ });
  });
});

describe('nearest', () => {
  it('counts swaps of neighbours as one', () => assert.equal(editDistance('sotp', 'stop'), 1));
  it('offers nothing far off', () => assert.equal(nearest('zebra', ['run', 'stop']), undefined));
  it('prefers the nearer', () => assert.equal(nearest('strat', ['stats', 'start']), 'start'));
});

describe('every command', () => {
  const all = (entries: readonly CommandEntry[], path: string): [string, CommandEntry][] =>
    entries.flatMap((entry): [string, CommandEntry][] =>
      entry.children === undefined ? [[`${path} ${entry.name}`, entry]] : all(entry.children, `${path} ${entry.name}`),
    );
  for (const [path, entry] of all(commandTree, 'berth')) {
    if (entry.hidden === true) continue;
    it(`${path} is declared whole`, async () => {
      const { command } = (await entry.load?.()) ?? assert.fail('no file');
      assert(command.examples.length > 0, 'no example');
      for (const { line } of command.examples) assert.match(line, /berth /);
      const shorts = command.options.flatMap(({ short }) => (short === undefined ? [] : [short]));
      assert.equal(new Set(shorts).size, shorts.length, `a short option twice: ${shorts.join(' ')}`);
      const names = command.options.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, 'an option twice');
    });
  }
});
