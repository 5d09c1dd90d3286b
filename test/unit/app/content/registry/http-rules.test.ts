import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseChallenges } from '../../../../../app/content/registry/challenge.ts';
import { proxyFor } from '../../../../../app/content/registry/proxy-rules.ts';
import { parseRetryAfter, waitBeforeRetry } from '../../../../../app/content/registry/retry.ts';
import type { Failure } from '../../../../../app/content/registry/retry.ts';

describe('challenges', () => {
  const table: [header: string, expected: [scheme: string, parameters: Record<string, string>][]][] = [
    ['Basic realm="Registry"', [['basic', { realm: 'Registry' }]]],
    [
      'Bearer realm="https://auth.example/token",service="reg.example",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://auth.example/token', service: 'reg.example', scope: 'repository:a/b:pull,push' }]],
    ],
    ['bearer Realm=plain , service = "a\\"b"', [['bearer', { realm: 'plain', service: 'a"b' }]]],
    [
      'Negotiate, Basic realm="x", Bearer realm="y",error="insufficient_scope"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', error: 'insufficient_scope' }],
      ],
    ],
    ['', []],
    ['"', []],
  ];
  for (const [header, expected] of table)
    test(header || 'nothing', () =>
      assert.deepEqual(
        parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]),
        expected,
      ),
    );
});

describe('proxies', () => {
  const env = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'other:8080' };
  const table: [url: string, noProxy: string, proxy: string | undefined][] = [
    ['https://reg.example/v2/', '', 'http://proxy:3128'],
    ['http://reg.example/v2/', '', 'http://other:8080'],
    ['https://reg.example/', '*', undefined],
    ['https://reg.example/', 'reg.example', undefined],
    ['https://a.reg.example/', 'reg.example', undefined],
    ['https://areg.example/', 'reg.example', 'http://proxy:3128'],
    ['https://a.reg.example/', '.reg.example', undefined],
    ['https://reg.example/', '.reg.example', 'http://proxy:3128'],
    ['https://a.reg.example/', '*.reg.example', undefined],
    ['https://REG.example/', 'x, Reg.Example', undefined],
    ['https://reg.example:8443/', 'reg.example:8443', undefined],
    ['https://reg.example/', 'reg.example:8443', 'http://proxy:3128'],
    ['https://reg.example/', 'reg.example:443', undefined],
    ['https://10.1.2.3/', '10.0.0.0/8', undefined],
    ['https://11.1.2.3/', '10.0.0.0/8', 'http://proxy:3128'],
    ['https://10.1.2.3:5000/', '10.1.2.3', undefined],
    ['https://[fd00::1]/', 'fd00::/8', undefined],
    ['https://[fd00::1]/', 'fd00::1', undefined],
    ['https://[fd00::1]:5000/', '[fd00::1]:5000', undefined],
    ['https://reg.example/', '10.0.0.0/99,nonsense/8', 'http://proxy:3128'],
    ['http://localhost:5000/', '', undefined],
    ['https://127.0.0.1:5000/', '', undefined],
    ['http://[::1]:5000/', '', undefined],
  ];
  for (const [url, noProxy, proxy] of table)
    test(`${url} but not ${noProxy}`, () => assert.equal(proxyFor(new URL(url), { ...env, NO_PROXY: noProxy }), proxy));
  test('names in lower case win; without any there is no proxy', () => {
    assert.equal(proxyFor(new URL('https://a.b/'), { ...env, https_proxy: 'http://lower' }), 'http://lower');
    assert.equal(proxyFor(new URL('https://a.b/'), { HTTP_PROXY: 'x' }), undefined);
  });
});

describe('retries', () => {
  const decide = (failure: Failure, tried = 1, begun = false) =>
    waitBeforeRetry(failure, { tried, begun, random: 0 }, { tries: 5, firstWait: 500 });
  const table: [what: string, wait: number | undefined, expected: number | undefined][] = [
    ['429', decide({ status: 429 }), 500],
    ['429 that asks for a while', decide({ status: 429, retryAfter: 7000 }), 7000],
    ['503 that asks for less than is waited anyway', decide({ status: 503, retryAfter: 1 }, 3), 2000],
    ['429 that asks for an hour', decide({ status: 429, retryAfter: 3_600_000 }), undefined],
    ['each try waits twice as long', decide({ status: 500 }, 4), 4000],
    ['the last try', decide({ status: 500 }, 5), undefined],
    ['501', decide({ status: 501 }), undefined],
    ['404', decide({ status: 404 }), undefined],
    ['401', decide({ status: 401 }), undefined],
    ['a broken connection', decide({ code: 'ECONNRESET' }), 500],
    ['a closed socket', decide({ code: 'UND_ERR_SOCKET' }), 500],
    ['silence', decide({ code: 'UND_ERR_BODY_TIMEOUT' }), 500],
    ['nobody there', decide({ code: 'ECONNREFUSED' }), undefined],
    ['nobody there any more', decide({ code: 'ECONNREFUSED' }, 1, true), 500],
    ['a wrong certificate', decide({ code: 'SELF_SIGNED_CERT_IN_CHAIN' }), undefined],
  ];
  for (const [what, wait, expected] of table) test(what, () => assert.equal(wait, expected));
  test('chance makes the wait up to half as long again', () => {
    const wait = waitBeforeRetry({ status: 500 }, { tried: 1, begun: false, random: 1 }, { tries: 2, firstWait: 500 });
    assert.equal(wait, 750);
  });
  test('Retry-After is seconds or a date', () => {
    const now = Date.parse('2026-01-02T03:04:05Z');
    assert.equal(parseRetryAfter('120', now), 120_000);
    assert.equal(parseRetryAfter('Fri, 02 Jan 2026 03:04:15 GMT', now), 10_000);
    assert.equal(parseRetryAfter('Fri, 02 Jan 2026 03:04:00 GMT', now), 0);
    assert.equal(parseRetryAfter('soon', now), undefined);
    assert.equal(parseRetryAfter(undefined, now), undefined);
  });
});
