import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { isElf, neededLibraries, section, stripped } from '../../../vm-images/elf.ts';

const node = readFileSync(process.execPath);

test('the libraries of Node are those that the loader lists', () => {
  const listed = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  const found = neededLibraries(node);
  assert.ok(found.includes('libc.so.6'), found.join(' '));
  for (const name of found) assert.ok(listed.includes(name), `${name} is not in ${listed}`);
});

test('a section is found by name', () => {
  assert.match(section(node, '.comment')?.toString() ?? '', /GCC|clang/);
  assert.equal(section(node, '.no-such-section'), undefined);
});

test('a stripped program is smaller and still runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-elf-'));
  try {
    const small = stripped(node);
    assert.ok(small.length < node.length);
    writeFileSync(join(folder, 'node'), small);
    chmodSync(join(folder, 'node'), 0o755);
    const said = execFileSync(join(folder, 'node'), ['-p', '6 * 7'], { encoding: 'utf8' });
    assert.equal(said, '42\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is no ELF file is said to be none', () => {
  assert.equal(isElf(Buffer.from('#!/bin/sh\n')), false);
  assert.throws(() => neededLibraries(Buffer.from('#!/bin/sh\n')), /not a 64-bit/);
});
