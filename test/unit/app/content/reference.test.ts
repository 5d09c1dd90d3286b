import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { familiarReference, formatReference, parseReference } from '../../../../app/content/reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

const full: readonly (readonly [given: string, full: string, familiar: string])[] = [
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
  ['team/app', 'docker.io/team/app:latest', 'team/app:latest'],
  ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
  [
    'registry.example.org/a/b__c/d-e.f:T.1',
    'registry.example.org/a/b__c/d-e.f:T.1',
    'registry.example.org/a/b__c/d-e.f:T.1',
  ],
  [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
  [`busybox:1@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
];

for (const [given, expected, familiar] of full) {
  test(`${given} means ${expected}`, () => {
    const reference = parseReference(given);
    assert.equal(formatReference(reference), expected);
    assert.equal(familiarReference(reference), familiar);
    assert.equal(formatReference(parseReference(familiar)), expected);
  });
}

const wrong: readonly (readonly [given: string, why: RegExp])[] = [
  ['', /no name/],
  ['Busybox', /lower case/],
  ['busybox:', /tag/],
  ['busybox:-x', /tag/],
  [`busybox:${'x'.repeat(129)}`, /tag/],
  ['busybox@sha256:1234', /digest/],
  [`a@${digest}@${digest}`, /more than one @/],
  ['a//b', /malformed/],
  ['../etc', /malformed/],
  ['a..b', /malformed/],
  ['registry.example.org:port/app', /registry/],
  ['-bad.example.org/app', /registry/],
  ['a b', /malformed/],
  ['0'.repeat(64), /64 hexadecimal/],
  ['a'.repeat(256), /255/],
];

for (const [given, why] of wrong) {
  test(`${JSON.stringify(given.slice(0, 40))} is refused: ${why.source}`, () => {
    assert.throws(() => parseReference(given), { code: 'invalid-argument', message: why });
  });
}

test('a full reference reads as itself; anything else is refused as an argument', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '/', ':', '-', '_', '@', 'Z') }),
  );
  fc.assert(
    fc.property(text, (given) => {
      let formatted: string;
      try {
        formatted = formatReference(parseReference(given));
      } catch (error) {
        assert.equal((error as { code: string }).code, 'invalid-argument');
        return;
      }
      assert.equal(formatReference(parseReference(formatted)), formatted);
    }),
    { numRuns: 2000 },
  );
});
