import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, envOf } from '../../../../app/services/command-spec.ts';
import { imageRunConfig } from '../../../../app/services/image-config-spec.ts';

/** Docker's table of ENTRYPOINT and CMD (Dockerfile reference, "Understand how CMD and ENTRYPOINT interact"). */
const cases: {
  name: string;
  image: { Entrypoint?: string[] | null; Cmd?: string[] };
  entrypoint?: string[];
  command?: string[];
  argv: string[];
}[] = [
  { name: 'command of the image', image: { Cmd: ['c', '1'] }, argv: ['c', '1'] },
  { name: 'command of the user instead', image: { Cmd: ['c', '1'] }, command: ['u'], argv: ['u'] },
  { name: 'entrypoint of the image alone', image: { Entrypoint: ['e'] }, argv: ['e'] },
  { name: 'entrypoint and command of the image', image: { Entrypoint: ['e', '0'], Cmd: ['c'] }, argv: ['e', '0', 'c'] },
  { name: 'arguments of the user', image: { Entrypoint: ['e'], Cmd: ['c'] }, command: ['u'], argv: ['e', 'u'] },
  {
    name: 'entrypoint of the user drops the command',
    image: { Entrypoint: ['e'], Cmd: ['c'] },
    entrypoint: ['x'],
    argv: ['x'],
  },
  {
    name: 'entrypoint and command of the user',
    image: { Entrypoint: ['e'], Cmd: ['c'] },
    ...{ entrypoint: ['x'], command: ['u'], argv: ['x', 'u'] },
  },
  { name: 'empty list keeps the command', image: { Entrypoint: ['e'], Cmd: ['c'] }, entrypoint: [], argv: ['c'] },
  {
    name: 'empty word with a command',
    image: { Entrypoint: ['e'], Cmd: ['c'] },
    entrypoint: [''],
    command: ['u'],
    argv: ['u'],
  },
  { name: 'null entrypoint', image: { Entrypoint: null, Cmd: ['c'] }, argv: ['c'] },
];

for (const { name, image, entrypoint, command = [], argv } of cases)
  test(name, () => {
    assert.deepEqual(commandOf({ entrypoint, command }, imageRunConfig({ config: image })).argv, argv);
  });

test('the entrypoint is told from the command', () => {
  const image = imageRunConfig({ config: { Entrypoint: ['e', 'f'], Cmd: ['c'] } });
  assert.deepEqual(commandOf({ command: ['u'] }, image), { argv: ['e', 'f', 'u'], entrypoint: ['e', 'f'] });
  assert.deepEqual(commandOf({ command: ['u'], entrypoint: ['o'] }, image), { argv: ['o', 'u'], entrypoint: ['o'] });
  assert.deepEqual(commandOf({ command: ['e', 'f'], entrypoint: [''] }, image), { argv: ['e', 'f'], entrypoint: [] });
});

test('nothing to run is an error', () => {
  const full = imageRunConfig({ config: { Entrypoint: ['e'], Cmd: ['c'] } });
  const error = { code: 'invalid-argument', message: /No command/ };
  assert.throws(() => commandOf({ command: [] }, imageRunConfig({})), error);
  assert.throws(() => commandOf({ command: [], entrypoint: [''] }, full), error);
});

test('variables: defaults, then the image, then the user, in the image’s order', () => {
  const image = imageRunConfig({ config: { Env: ['PATH=/img', 'A=1', 'B=x=y'] } });
  assert.deepEqual(envOf({ env: ['A=2', 'C='], tty: false }, image), ['PATH=/img', 'A=2', 'B=x=y', 'C=']);
  assert.deepEqual(envOf({ env: ['A', 'PATH', 'D'], tty: false }, image), ['B=x=y']);
  const bare = envOf({ env: [], tty: true }, imageRunConfig({}));
  assert.deepEqual(
    bare.map((variable) => variable.split('=')[0]),
    ['PATH', 'TERM'],
  );
  assert.throws(() => envOf({ env: ['=x'], tty: false }, image), { code: 'invalid-argument' });
});

test('an image config of another shape is told as damaged', () => {
  assert.throws(() => imageRunConfig({ config: { Cmd: 'sh' } }), { code: 'corrupt-content' });
  assert.deepEqual(imageRunConfig({ config: null }).Cmd, []);
});
