import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../app/base/error.ts';
import { command, type Outcome } from '../../support/berth.ts';
import { fakeHost, nodeArguments, runningEngine, type FakeHost } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const berth = (host: Pick<FakeHost, 'env'>, ...args: string[]): Promise<Outcome> =>
  command(process.execPath, nodeArguments(...args), { env: host.env });

function oneLine({ stderr }: Outcome, pattern: RegExp): void {
  assert.match(stderr, pattern);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
}

describe('what a person typed wrong', () => {
  const table: [string[], number, RegExp][] = [
    [['ps', '--al'], 125, /^berth: unknown option --al — Did you mean --all\?/],
    [['run', '--memory', '12zz', 'x'], 125, /^berth: invalid value "12zz" for --memory: it is not a size — /],
    [['run', '--restart', 'sometimes', 'x'], 125, /there is no such policy/],
    [['run', '--pull', 'often', 'x'], 125, /invalid value "often" for --pull.* — Use missing, always or never/],
    [['login', 'x'], 1, /the password cannot be asked for.* — Use --password-stdin/],
    [['login', '--password-stdin', 'x'], 1, /--password-stdin needs --username/],
    [['run', '--env-file', '/no/such', 'x'], 125, /"\/no\/such" for --env-file: there is no such file/],
    [['run', '-d', '-a', 'stdout', 'x'], 125, /--detach and --attach contradict/],
    [['run', '-it', 'x'], 125, /standard input is not one/],
    [['run', '-v', 'a:/b/../c', 'x'], 125, /has '\.\.'/],
    [['run'], 1, /'berth run' takes at least 1 argument, not 0 — Usage: berth run IMAGE/],
    [['rename', 'a'], 1, /exactly 2 arguments, not 1/],
    [['ps', 'x'], 1, /takes no arguments, not 1/],
    [['strat'], 1, /^berth: 'berth strat' is not a command — Did you mean 'berth start'\?/],
    [['completion', 'tcsh'], 1, /no completion for tcsh/],
    [['machine', 'rm', 'x'], 1, /this needs a yes.* — Add --force/],
    [['update', 'x'], 125, /nothing to change was given/],
    [['stop', '--force', 'x'], 125, /--force and --service are for the engine/],
    [['inspect', '--type', 'pod', 'x'], 125, /there is no such type/],
    [['logs', '--tail', 'few', 'x'], 125, /not a number of lines/],
    [['ps', '--filter', 'colour=red'], 125, /"colour" is not a key here/],
  ];
  for (const [args, code, message] of table)
    it(`berth ${args.join(' ')}`, async (t) => {
      const outcome = await berth({ env: { BERTH_HOME: await temporaryFolder(t) } }, ...args);
      assert.equal(outcome.code, code, outcome.stderr);
      oneLine(outcome, message);
      assert.equal(outcome.stdout, '');
    });
});

describe('without a host service', () => {
  it('says that the engine is stopped, and starts nothing', async (t) => {
    const outcome = await berth({ env: { BERTH_HOME: await temporaryFolder(t) } }, 'ps');
    assert.equal(outcome.code, 1);
    oneLine(outcome, /^berth: The engine is not running\. — Start it with "berth start"\.$/m);
  });
  it('status tells so by exit code 3', async (t) => {
    const outcome = await berth({ env: { BERTH_HOME: await temporaryFolder(t) } }, 'status');
    assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [3, 'Machine default: stopped\n', '']);
  });
  it('stop has nothing to do', async (t) => {
    const outcome = await berth({ env: { BERTH_HOME: await temporaryFolder(t) } }, 'stop');
    assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [0, '', '']);
  });
  it('names the service that it cannot start', async (t) => {
    const home = await temporaryFolder(t);
    const outcome = await berth({ env: { BERTH_HOME: home, BERTH_HOST: `${home}/absent.mjs` } }, 'images');
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /^berth: The host service did not start: /);
  });
});

describe('errors of the engine', () => {
  const failing = (error: EngineError) => ({
    engine: runningEngine,
    containers: {
      create: () => Promise.resolve({ id: 'c1', name: 'c1', warnings: [] }),
      start: () => Promise.reject(error),
      remove: () => Promise.resolve({}),
      inspect: () => Promise.reject(error),
      list: () => Promise.reject(error),
    },
  });
  const notFound = new EngineError('command-not-found', 'There is no nosuch in the image.', { hint: 'Check it.' });
  const table: [EngineError, string[], number][] = [
    [notFound, ['run', '-d', 'x'], 127],
    [new EngineError('command-not-executable', 'No.', { hint: 'Look.' }), ['run', '-d', 'x'], 126],
    [new EngineError('limit-too-low', 'No.', { hint: 'More.' }), ['run', '-d', 'x'], 125],
    [notFound, ['start', 'x'], 127],
    [new EngineError('no-such-container', 'No.', { hint: 'See.' }), ['start', 'x'], 1],
    [new EngineError('engine-stopped', 'No.', { hint: 'Start it.' }), ['ps'], 1],
  ];
  for (const [error, args, code] of table)
    it(`${error.code} of ${args.join(' ')} is ${code}`, async (t) => {
      const outcome = await berth(await fakeHost(t, failing(error)), ...args);
      assert.equal(outcome.code, code);
      oneLine(outcome, new RegExp(`^berth: ${error.message} — ${error.hint ?? ''}$`, 'm'));
    });

  it('removes what could not be started', async (t) => {
    const removed: unknown[] = [];
    const api = failing(notFound);
    const containers = { ...api.containers, remove: (params: unknown) => Promise.resolve((removed.push(params), {})) };
    await berth(await fakeHost(t, { ...api, containers }), 'run', '-d', 'x');
    assert.deepEqual(removed, [{ id: 'c1', force: true, volumes: true }]);
  });

  it('--debug adds code and stack', async (t) => {
    const host = await fakeHost(t, failing(new EngineError('internal', 'Odd.', { data: { step: 7 } })));
    const { stderr } = await berth(host, '--debug', 'ps');
    assert.match(stderr, /^berth: Odd\.\nEngineError: Odd\.\n {4}at [^]*code: internal/);
  });
});
