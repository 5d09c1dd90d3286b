import assert from 'node:assert/strict';
import test from 'node:test';
import { stateDirs, type HostOs } from '../../../../app/base/platform.ts';

const on = (os: HostOs) => ({ os, arch: 'x64' }) as const;

test('Linux follows the XDG base directories', () => {
  const env = { XDG_STATE_HOME: '/s', XDG_DATA_HOME: '/d', XDG_CACHE_HOME: '/c', XDG_RUNTIME_DIR: '/run/user/1000' };
  assert.deepEqual(stateDirs(on('linux'), env, '/home/me'), {
    data: '/d/berth',
    state: '/s/berth',
    cache: '/c/berth',
    runtime: '/run/user/1000/berth',
    controlSocket: '/run/user/1000/berth/control.sock',
  });
});

test('Linux without these variables, or with relative ones, uses the defaults of the specification', () => {
  assert.deepEqual(stateDirs(on('linux'), { XDG_DATA_HOME: 'relative' }, '/home/me'), {
    data: '/home/me/.local/share/berth',
    state: '/home/me/.local/state/berth',
    cache: '/home/me/.cache/berth',
    runtime: '/home/me/.local/state/berth/run',
    controlSocket: '/home/me/.local/state/berth/run/control.sock',
  });
});

test('macOS keeps all in Library, with sockets where their paths are short enough', () => {
  const dirs = stateDirs(on('darwin'), { TMPDIR: '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/' }, '/Users/me');
  assert.equal(dirs.data, '/Users/me/Library/Application Support/Berth/data');
  assert.equal(dirs.cache, '/Users/me/Library/Caches/Berth');
  assert.equal(dirs.runtime, '/Users/me/Library/Application Support/Berth/run');
});

test('Windows keeps all in LOCALAPPDATA and names its pipe after the folder', () => {
  const env = { LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local' };
  const dirs = stateDirs(on('win32'), env, 'C:\\Users\\me');
  assert.equal(dirs.data, 'C:\\Users\\me\\AppData\\Local\\Berth\\data');
  assert.match(dirs.controlSocket, /^\\\\\.\\pipe\\berth-[0-9a-f]{12}$/);
  assert.deepEqual(stateDirs(on('win32'), {}, 'C:\\Users\\me'), dirs);
  assert.notEqual(stateDirs(on('win32'), { BERTH_HOME: 'D:\\b' }, 'C:\\Users\\me').controlSocket, dirs.controlSocket);
});

test('BERTH_HOME holds everything', () => {
  const env = { BERTH_HOME: '/b', XDG_DATA_HOME: '/d', XDG_RUNTIME_DIR: '/r' };
  assert.deepEqual(stateDirs(on('linux'), env, '/home/me'), {
    data: '/b/data',
    state: '/b/state',
    cache: '/b/cache',
    runtime: '/b/run',
    controlSocket: '/b/run/control.sock',
  });
});

for (const [os, limit] of [
  ['linux', 107],
  ['darwin', 103],
] as const)
  test(`sockets of every machine fit sun_path on ${os}, however deep the home is`, () => {
    for (const length of [10, 60, 70, 90, 200]) {
      const env = { BERTH_HOME: `/${'x'.repeat(length)}`, TMPDIR: `/${'t'.repeat(length)}` };
      const { runtime, controlSocket } = stateDirs(on(os), env, '/home/me');
      assert.ok(`${runtime}/${'m'.repeat(24)}/fs10.sock`.length <= limit, runtime);
      assert.ok(controlSocket.length <= limit);
    }
  });

test('two homes never share a shortened folder', () => {
  const runtime = (home: string) => stateDirs(on('linux'), { BERTH_HOME: home }, '/').runtime;
  assert.notEqual(runtime(`/${'x'.repeat(100)}`), runtime(`/${'x'.repeat(101)}`));
});
