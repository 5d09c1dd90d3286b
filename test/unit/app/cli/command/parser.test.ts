import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArgs } from '../../../../../app/cli/command/parser.ts';
import type { OptionSpec } from '../../../../../app/cli/command/spec.ts';
import { EngineError } from '../../../../../app/base/error.ts';

const options: readonly OptionSpec[] = [
  { name: 'interactive', short: 'i', help: '' },
  { name: 'tty', short: 't', help: '' },
  { name: 'detach', short: 'd', help: '' },
  { name: 'publish', short: 'p', value: 'PORT', list: true, help: '' },
  { name: 'memory', short: 'm', value: 'BYTES', help: '' },
  { name: 'sig-proxy', help: '' },
];
const rules = { options, stopAtArgument: true, command: 'berth run' };

function parse(...argv: string[]): { args: readonly string[]; given: Record<string, readonly string[]> } {
  const { args, options: found } = parseArgs(argv, rules);
  const names = options.map(({ name }) => name).filter((name) => found.has(name));
  return { args, given: Object.fromEntries(names.map((name) => [name, found.list(name)])) };
}

describe('parseArgs', () => {
  const table: [string[], string[], Record<string, string[]>][] = [
    [['-it', 'image', '-d'], ['image', '-d'], { interactive: ['true'], tty: ['true'] }],
    [['-p', '80', '-p81', '--publish=82', '--publish', '83', 'i'], ['i'], { publish: ['80', '81', '82', '83'] }],
    [['-dm', '1g', 'i'], ['i'], { detach: ['true'], memory: ['1g'] }],
    [['-m=1g', 'i'], ['i'], { memory: ['1g'] }],
    [['--memory', '-1', 'i'], ['i'], { memory: ['-1'] }],
    [['--sig-proxy=false', 'i'], ['i'], { 'sig-proxy': ['false'] }],
    [['-t=0', 'i'], ['i'], { tty: ['false'] }],
    [['--', '-i', 'x'], ['-i', 'x'], {}],
    [['-', '-i'], ['-', '-i'], {}],
    [['i', '--', 'x'], ['i', '--', 'x'], {}],
    [['--memory=', 'i'], ['i'], { memory: [''] }],
    [['-p=8080:80', 'i'], ['i'], { publish: ['8080:80'] }],
  ];
  for (const [argv, args, given] of table) it(argv.join(' '), () => assert.deepEqual(parse(...argv), { args, given }));

  it('takes options behind arguments where the command allows it', () => {
    const parsed = parseArgs(['a', '-i', 'b', '-m', '1'], { ...rules, stopAtArgument: false });
    assert.deepEqual(parsed.args, ['a', 'b']);
    assert.equal(parsed.options.flag('interactive'), true);
    assert.equal(parsed.options.text('memory'), '1');
  });

  const bad: [string[], RegExp, RegExp][] = [
    [['--memroy', '1'], /^unknown option --memroy$/, /Did you mean --memory\?/],
    [['--zzz'], /^unknown option --zzz$/, /berth run --help/],
    [['-x'], /^unknown option -x$/, /--help/],
    [['-ix'], /^unknown option -x in -ix$/, /--help/],
    [['-m'], /^option -m needs a value$/, /--help/],
    [['--tty=maybe'], /invalid value "maybe" for --tty: it is a switch/, /--tty=false/],
  ];
  for (const [argv, message, hint] of bad)
    it(`refuses ${argv.join(' ')} with code 125`, () => {
      assert.throws(
        () => parse(...argv),
        (error) => {
          assert(error instanceof EngineError);
          assert.match(error.message, message);
          assert.match(error.hint ?? '', hint);
          assert.equal(error.data?.['cliExit'], 125);
          return true;
        },
      );
    });
});
