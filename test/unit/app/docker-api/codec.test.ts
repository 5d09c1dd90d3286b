import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../../app/base/error.ts';
import { flagFilter } from '../../../../app/contract/container-filter.ts';
import { flag } from '../../../../app/docker-api/codec/decode.ts';
import { detachKeys } from '../../../../app/docker-api/codec/detach-keys.ts';
import { apiError, refusal } from '../../../../app/docker-api/codec/error.ts';
import { labelsFit, nanoseconds, parseFilters, untilFilter } from '../../../../app/docker-api/codec/filters.ts';
import { goFileMode } from '../../../../app/docker-api/codec/path-stat.ts';
import { isNameOnly, joinTag, referenceFits, tagOf, withTag } from '../../../../app/docker-api/codec/reference.ts';
import { headerAuth } from '../../../../app/docker-api/codec/registry-auth.ts';
import { splitVersion } from '../../../../app/docker-api/codec/version.ts';
import { queryOf, targetOf } from '../../../../app/docker-api/request.ts';

const filters = (value: unknown, known: string[]) =>
  parseFilters(
    queryOf(`filters=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`),
    known,
  );
const refused = (work: () => unknown, message: RegExp) => {
  assert.throws(
    work,
    (error: unknown) => error instanceof EngineError && apiError(error).status === 400 && message.test(error.message),
  );
};

describe('versions', () => {
  for (const [path, minor, rest] of [
    ['/info', 56, '/info'],
    ['/v1.24/info', 24, '/info'],
    ['/v1.41/containers/a%2Fb/json', 41, '/containers/a%2Fb/json'],
    ['/v1.56', 56, '/'],
    ['/version', 56, '/version'],
  ] as const)
    it(path, () => assert.deepEqual(splitVersion(path), { minor, path: rest }));
  it('too old, too new', () => {
    refused(
      () => splitVersion('/v1.23/info'),
      /^client version 1\.23 is too old\. Minimum supported API version is 1\.24/,
    );
    refused(
      () => splitVersion('/v1.57/info'),
      /^client version 1\.57 is too new\. Maximum supported API version is 1\.56$/,
    );
    refused(() => splitVersion('/v2.0/info'), /too new/);
  });
  it('targets keep their escapes, and lose doubled slashes', () => {
    assert.deepEqual(targetOf('/v1.41//images/a%2Fb/json?x=1?2'), {
      path: '/v1.41/images/a%2Fb/json',
      search: 'x=1?2',
    });
    assert.deepEqual(targetOf('http://docker/info'), { path: '/info', search: '' });
  });
});

describe('query and filters', () => {
  it('flags by Docker’s rule', () => {
    const words: [string, boolean][] = [
      ['all=1', true],
      ['all=true', true],
      ['all=yes', true],
      ['all=', false],
      ['all=0', false],
    ];
    for (const [text, value] of [
      ...words,
      ['all=False', false] as const,
      ['all=none', false] as const,
      ['', false] as const,
    ])
      assert.equal(flag(queryOf(text), 'all'), value, text);
    assert.equal(flag(queryOf(''), 'stream', true), true);
  });
  it('lists and objects of true', () => {
    assert.deepEqual(filters({ label: ['a', 'b=c'] }, ['label']), new Map([['label', ['a', 'b=c']]]));
    assert.deepEqual(filters({ id: { x: true, y: false } }, ['id']), new Map([['id', ['x']]]));
    assert.deepEqual(filters('', ['id']), new Map());
    refused(() => filters('{', ['id']), /invalid filter/);
    refused(() => filters({ id: 5 }, ['id']), /invalid filter/);
    refused(() => filters({ what: ['x'] }, ['id']), /invalid filter 'what'/);
  });
  it('labels, flags and times', () => {
    const wanted = filters({ label: ['a=1'], 'label!': ['b'] }, ['label', 'label!']);
    assert.equal(labelsFit({ a: '1' }, wanted), true);
    assert.equal(labelsFit({ a: '1', b: '' }, wanted), false);
    assert.equal(flagFilter(filters({ dangling: ['true'] }, ['dangling']), 'dangling'), true);
    refused(() => flagFilter(filters({ dangling: ['maybe'] }, ['dangling']), 'dangling'), /dangling=\[maybe\]/);
    const until = (value: string) => untilFilter(filters({ until: [value] }, ['until']), 3_600_000);
    assert.equal(until('10m'), 3_000_000_000_000n);
    assert.equal(until('1.5'), 1_500_000_000n);
    assert.equal(until('1970-01-01T00:00:02Z'), 2_000_000_000n);
    refused(() => until('soon'), /failed to parse value as time/);
    assert.equal(nanoseconds('1700000000.000000001'), 1_700_000_000_000_000_001n);
  });
});

describe('words', () => {
  it('errors', () => {
    const of = (code: ConstructorParameters<typeof EngineError>[0], subject = '') =>
      apiError(new EngineError(code, 'It failed.', { hint: 'Try again.' }), subject);
    assert.deepEqual(of('no-such-container', 'web'), { status: 404, message: 'No such container: web' });
    assert.deepEqual(of('no-such-image', 'busybox'), { status: 404, message: 'No such image: busybox:latest' });
    assert.deepEqual(of('in-use'), { status: 409, message: 'It failed. Try again.' });
    assert.deepEqual(of('internal'), { status: 500, message: 'It failed. Try again.' });
    assert.match(of('command-not-found', 'web').message, /executable file not found in \$PATH$/);
    assert.deepEqual(apiError(refusal(503, 'no')), { status: 503, message: 'no' });
    assert.deepEqual(apiError(new TypeError('odd')), { status: 500, message: 'odd' });
  });
  it('references', () => {
    assert.deepEqual(['a', 'a:1', 'r:5/a', 'a@sha256:0'].map(withTag), [
      'a:latest',
      'a:1',
      'r:5/a:latest',
      'a@sha256:0',
    ]);
    assert.deepEqual(
      [joinTag('a', ''), joinTag('a', '1'), joinTag('a', 'sha256:0')],
      ['a:latest', 'a:1', 'a@sha256:0'],
    );
    const joined: [string, string, string][] = [
      ['r:5/a:1', '2', 'r:5/a:2'],
      ['a:1', 'sha256:0', 'a@sha256:0'],
      ['a@sha256:0', 't', 'a@sha256:0'],
      ['a@sha256:0', 'sha256:1', 'a@sha256:1'],
      ['a:1@sha256:0', '', 'a:1@sha256:0'],
    ];
    for (const [name, tag, reference] of joined) assert.equal(joinTag(name, tag), reference);
    assert.deepEqual(['a', 'r:5/a', 'a:1', 'a@sha256:0'].map(isNameOnly), [true, true, false, false]);
    assert.deepEqual([tagOf('r:5/a'), tagOf('a:1'), tagOf('a@sha256:0')], ['latest', '1', '']);
    assert.equal(referenceFits('library/busybox:1.36', 'library/busy*'), true);
    assert.equal(referenceFits('library/busybox:1.36', 'busy*'), false);
  });
  it('detach keys', () => {
    assert.deepEqual([...detachKeys('')], [0x10, 0x11]);
    assert.deepEqual([...detachKeys('a,ctrl-[')], [0x61, 0x1b]);
    refused(() => detachKeys('ctrl-'), /Invalid detach keys/);
  });
  it('file modes are Go’s', () => {
    assert.equal(goFileMode(0o100644), 0o644);
    assert.equal(goFileMode(0o040755), 2 ** 31 + 0o755);
    assert.equal(goFileMode(0o120777), 2 ** 27 + 0o777);
    assert.equal(goFileMode(0o104755), 2 ** 23 + 0o755);
  });
  it('who asks a registry', () => {
    assert.equal(headerAuth(''), undefined);
    for (const text of ['{}', 'null', '{', '5', '{"username":5}']) assert.equal(headerAuth(text), undefined, text);
    assert.deepEqual(headerAuth('{"username":"a","password":"b"}'), { username: 'a', password: 'b' });
    assert.deepEqual(headerAuth('{"identitytoken":"t"}'), { identityToken: 't' });
  });
});
