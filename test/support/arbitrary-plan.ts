/** Launch plans of every shape, made from the op table, for fuzzing both ends of the wire form. */
import fc from 'fast-check';
import { opTable, type FieldType, type Join, type LaunchPlan, type Op } from '../../guest-agent/plan/op.ts';

const u32 = fc.nat({ max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const str = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '').toWellFormed());
const bytes = fc.uint8Array({ maxLength: 40 });
const list = fc.array(str, { maxLength: 4 });
const fields: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = { u32, u64, str, bytes, list };

const op: fc.Arbitrary<Op> = fc.oneof(
  ...Object.entries(opTable).map(([name, shape]) =>
    fc
      .record(Object.fromEntries(Object.entries(shape.fields).map(([field, type]) => [field, fields[type]])))
      .map((values) => ({ op: name, why: '', ...values }) as Op),
  ),
);
const ops = fc.array(op, { maxLength: 12 });
const join: fc.Arbitrary<Join> = fc.oneof(
  fc.record({ path: str.filter((path) => path !== ''), why: fc.constant('') }),
  fc.record({ pid: u32, flags: u64, why: fc.constant('') }),
);

export const arbitraryPlan: fc.Arbitrary<LaunchPlan> = fc.record({
  monitor: fc.record({
    ...{ socket: str, stateDir: str, logPath: str, logMaxBytes: u64, logMaxFiles: u32 },
    ...{ tty: fc.boolean(), openStdin: fc.boolean(), stdinOnce: fc.boolean(), holdForAttach: fc.boolean() },
  }),
  before: ops,
  join: fc.array(join, { maxLength: 4 }),
  clone: fc.record({ flags: u64, cgroup: str, why: fc.constant('') }),
  outside: ops,
  inside: ops,
  exec: fc.record({ argv: list, env: list, searchPath: list, init: fc.boolean(), why: fc.constant('') }),
});
