import assert from 'node:assert/strict';
import test from 'node:test';
import { guestPlace, hostPlace, isWithin } from '../../../../app/shares/path-map.ts';

const share = (tag: string, hostPath: string, readOnly = false) => ({ tag, hostPath, readOnly });
const linux = [share('fs0', '/home/me'), share('fs1', '/home/me/ro', true), share('fs2', '/srv/')];
const windows = [share('fs0', 'C:\\Users\\me'), share('fs1', 'D:\\')];

for (const { os, path, shares, tag, subpath, readOnly = false } of [
  { os: 'linux', path: '/home/me', shares: linux, tag: 'fs0', subpath: '' },
  { os: 'linux', path: '/home/me/a/b c', shares: linux, tag: 'fs0', subpath: 'a/b c' },
  { os: 'linux', path: '/home/me/ro/x', shares: linux, tag: 'fs1', subpath: 'x', readOnly: true },
  { os: 'linux', path: '/home/me/rosy', shares: linux, tag: 'fs0', subpath: 'rosy' },
  { os: 'linux', path: '//srv/./data/', shares: linux, tag: 'fs2', subpath: 'data' },
  { os: 'linux', path: '/anything', shares: [share('fs0', '/')], tag: 'fs0', subpath: 'anything' },
  { os: 'darwin', path: '/HOME/ME/x', shares: linux, tag: 'fs0', subpath: 'x' },
  { os: 'darwin', path: '/home/me/e\u0301', shares: [share('fs0', '/home/me/\u00e9')], tag: 'fs0', subpath: '' },
  { os: 'win32', path: 'C:\\Users\\me\\src', shares: windows, tag: 'fs0', subpath: 'src' },
  { os: 'win32', path: 'c:/users/ME/Src', shares: windows, tag: 'fs0', subpath: 'Src' },
  { os: 'win32', path: '/c/Users/me/src', shares: windows, tag: 'fs0', subpath: 'src' },
  { os: 'win32', path: '\\\\?\\C:\\Users\\me', shares: windows, tag: 'fs0', subpath: '' },
  { os: 'win32', path: 'D:\\x\\y', shares: windows, tag: 'fs1', subpath: 'x/y' },
  { os: 'win32', path: '/d', shares: windows, tag: 'fs1', subpath: '' },
] as const)
  test(`${os}: ${path} is ${tag}:${subpath}`, () => {
    assert.deepEqual(guestPlace(path, shares, os), { tag, subpath, readOnly });
  });

for (const { os, path, code } of [
  { os: 'linux', path: '/home', code: 'not-shared' },
  { os: 'linux', path: '/home/meagre', code: 'not-shared' },
  { os: 'linux', path: '/HOME/ME', code: 'not-shared' },
  { os: 'linux', path: '/', code: 'not-shared' },
  { os: 'linux', path: '/home/me/../you', code: 'invalid-argument' },
  { os: 'linux', path: 'home/me', code: 'invalid-argument' },
  { os: 'linux', path: '', code: 'invalid-argument' },
  { os: 'linux', path: 'C:\\Users\\me', code: 'invalid-argument' },
  { os: 'win32', path: 'Users\\me', code: 'invalid-argument' },
  { os: 'win32', path: 'C:me', code: 'invalid-argument' },
  { os: 'win32', path: '\\\\server\\share', code: 'invalid-argument' },
  { os: 'win32', path: 'C:\\Users\\me\\..\\you', code: 'invalid-argument' },
] as const)
  test(`${os}: ${JSON.stringify(path)} is refused as ${code}`, () => {
    assert.throws(() => guestPlace(path, linux, os), { code });
  });

test('the error names what is shared', () => {
  assert.throws(() => guestPlace('/etc', linux, 'linux'), { hint: 'Shared: /home/me, /home/me/ro, /srv/.' });
  assert.throws(() => guestPlace('/etc', [], 'linux'), { hint: /Nothing is shared/ });
});

test('a folder holds itself and what is beneath it', () => {
  assert.deepEqual(
    ['/a/b', '/a/b/c', '/a/bc', '/a'].map((path) => isWithin(path, '/a/b/', 'linux')),
    [true, true, false, false],
  );
  assert.ok(isWithin('c:/Users/ME', 'C:\\Users\\me', 'win32'));
});

test('a place in the guest leads back to the host', () => {
  assert.equal(hostPlace('fs2', 'data/x', linux, 'linux'), '/srv/data/x');
  assert.equal(hostPlace('fs0', '', linux, 'linux'), '/home/me');
  assert.equal(hostPlace('fs0', 'x', [share('fs0', '/')], 'linux'), '/x');
  assert.equal(hostPlace('fs1', 'x/y', windows, 'win32'), 'D:\\x\\y');
  assert.equal(hostPlace('fs9', 'x', linux, 'linux'), undefined);
});
