import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { openFilesLimit, openFilesWarning } from '../../../../app/shares/open-files.ts';

test('the hard limit is read as the kernel writes it', () => {
  const table = (hard: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            1024                 ${hard.padEnd(20)} files
`;
  assert.equal(openFilesLimit(table('524288')), 524_288);
  assert.equal(openFilesLimit(table('unlimited')), undefined);
  assert.equal(openFilesLimit(''), undefined);
});

test('this process has a limit', { skip: !existsSync('/proc/self/limits') && 'only Linux has /proc' }, () => {
  assert.ok((openFilesLimit(readFileSync('/proc/self/limits', 'utf8')) ?? 1) > 0);
});

test('a low limit is warned of, a usual one is not', () => {
  assert.match(openFilesWarning('/home/me', 4096) ?? '', /^\/home\/me: containers can use 4096 files .*ulimit -Hn/);
  assert.equal(openFilesWarning('/home/me', 524_288), undefined);
  assert.equal(openFilesWarning('/home/me', undefined), undefined);
});
