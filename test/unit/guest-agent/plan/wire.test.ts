import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { opTable } from '../../../../guest-agent/plan/op.ts';
import { decodePlan, encodePlan, maxPlanBytes } from '../../../../guest-agent/plan/wire.ts';
import { EngineError } from '../../../../guest-agent/protocol/errors.ts';
import { arbitraryPlan } from '../../../support/arbitrary-plan.ts';

const isInvalid = (error: unknown) => error instanceof EngineError && error.code === 'invalid-argument';
const [example] = fc.sample(arbitraryPlan, { numRuns: 1, seed: 7 });
assert.ok(example);

test('what is encoded is decoded again', () => {
  fc.assert(
    fc.property(arbitraryPlan, (plan) => assert.deepEqual(decodePlan(encodePlan(plan)), structuredClone(plan))),
  );
});

test('damaged bytes are refused or give another plan, and never anything else', () => {
  const damage = fc.tuple(arbitraryPlan, fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(damage, ([plan, place, change]) => {
      const bytes = encodePlan(plan);
      const at = place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ change;
      try {
        encodePlan(decodePlan(bytes));
      } catch (error) {
        if (!isInvalid(error)) throw error;
      }
    }),
  );
});

test('a plan that was cut, or is followed by something, is refused', () => {
  const bytes = encodePlan(example);
  for (let length = 0; length < bytes.length; length += 1)
    assert.throws(() => decodePlan(bytes.subarray(0, length)), isInvalid);
  assert.throws(() => decodePlan(Uint8Array.of(...bytes, 0)), isInvalid);
});

test('text with NUL, which the kernel would cut, is refused', () => {
  const plan = { ...example, exec: { ...example.exec, argv: ['echo', 'a\0b'] } };
  assert.throws(() => encodePlan(plan), isInvalid);
});

test('a plan longer than the launcher takes is refused before it is sent', () => {
  const plan = { ...example, exec: { ...example.exec, env: ['x'.repeat(maxPlanBytes)] } };
  assert.throws(
    () => encodePlan(plan),
    (error) => isInvalid(error) && /at most/.test(String(error)),
  );
});

test('operation codes are distinct', () => {
  const codes = Object.values(opTable).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
});
