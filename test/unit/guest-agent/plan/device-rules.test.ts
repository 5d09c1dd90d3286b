import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DeviceNode } from '../../../../guest-agent/plan/context.ts';
import { compileDeviceRules, encodeInstructions } from '../../../../guest-agent/plan/device-program.ts';
import {
  deviceRules,
  formatDeviceRule,
  parseDeviceRule,
  type DeviceRule,
} from '../../../../guest-agent/plan/device-rules.ts';
import { allows, decodeInstructions, type DeviceAccess } from '../../../support/ebpf-interpreter.ts';
import { contextOf, lines, specOf } from './fixtures.ts';

/** `c 1:3 rw` as a question: what an open or a mknod asks for at once. */
function asked(text: string): DeviceAccess {
  const { kind, major = 0, minor = 0, access } = parseDeviceRule(text);
  if (kind === 'any') throw new Error('a device is of one kind');
  return { kind, major, minor, access };
}

/** Through the bytes that the kernel gets. */
function allowed(rules: readonly DeviceRule[], questions: readonly string[]): string[] {
  const program = decodeInstructions(encodeInstructions(compileDeviceRules(rules)));
  return questions.filter((question) => allows(program, asked(question)));
}

const hwrng: DeviceNode = { path: '/dev/hwrng', kind: 'char', major: 10, minor: 183, mode: 0o600, gid: 0, access: 'r' };
const rulesOf = (devices: DeviceNode[] = [], deviceCgroupRules: string[] = []): DeviceRule[] =>
  deviceRules(specOf({ deviceCgroupRules }), devices) ?? [];

test('without a word: any node may be made, and what every container has be used', () => {
  const usual = ['c 1:3 rw', 'c 1:5 r', 'c 1:7 w', 'c 1:8 r', 'c 1:9 rw', 'c 5:0 rw', 'c 5:1 rw', 'c 5:2 rw'];
  const more = ['c 136:0 rw', 'c 136:77 w', 'c 10:200 rw', 'b 254:0 m', 'c 10:183 m'];
  const none = ['b 254:0 r', 'b 254:0 w', 'b 254:0 rm', 'c 10:183 r', 'c 1:1 r', 'c 1:2 w', 'b 1:3 r', 'c 10:229 rw'];
  assert.deepEqual(allowed(rulesOf(), [...usual, ...more, ...none]), [...usual, ...more]);
});

test('a device is given for what it is given for', () => {
  const questions = ['c 10:183 r', 'c 10:183 w', 'c 10:183 rw', 'c 10:183 m', 'b 10:183 r', 'c 10:184 r', 'c 11:183 r'];
  assert.deepEqual(allowed(rulesOf([hwrng]), questions), ['c 10:183 r', 'c 10:183 m']);
  assert.deepEqual(allowed(rulesOf([hwrng, { ...hwrng, access: 'w' }]), questions), questions.slice(0, 4));
});

test('further rules, with any number and of any kind', () => {
  const table: readonly (readonly [rules: string[], questions: string[], yes: string[]])[] = [
    [['c 189:* rwm'], ['c 189:0 rw', 'c 189:4095 r', 'b 189:0 r', 'c 188:0 r'], ['c 189:0 rw', 'c 189:4095 r']],
    [['b *:16 r'], ['b 254:16 r', 'b 8:16 r', 'b 8:16 w', 'b 8:17 r'], ['b 254:16 r', 'b 8:16 r']],
    [['a *:* rwm'], ['b 8:0 rw', 'c 1:1 rwm'], ['b 8:0 rw', 'c 1:1 rwm']],
    [['a 7:1 r'], ['b 7:1 r', 'c 7:1 r', 'c 7:1 w', 'c 7:2 r'], ['b 7:1 r', 'c 7:1 r']],
    [['c 4294967295:4294967295 r'], ['c 4294967295:4294967295 r', 'c 1:1 r'], ['c 4294967295:4294967295 r']],
  ];
  for (const [rules, questions, yes] of table) assert.deepEqual(allowed(rulesOf([], rules), questions), yes);
});

test('a rule that cannot be read is refused', () => {
  for (const text of ['', 'c', 'd 1:3 r', 'c 1:3', 'c 1:3 x', 'c 1:3 rwmr', 'c -1:3 r', 'c 1 r', 'c 4294967296:0 r'])
    assert.throws(
      () => parseDeviceRule(text),
      { code: 'invalid-argument', message: /invalid device cgroup rule/ },
      text,
    );
});

test('for all rules: each letter that is asked for is allowed by some rule that fits, or the answer is no', () => {
  const small = fc.integer({ min: 0, max: 3 });
  const access = fc.subarray(['r', 'w', 'm'], { minLength: 1 }).map((letters) => letters.join(''));
  const number = fc.oneof(small.map(String), fc.constant('*'));
  const rule = fc
    .tuple(fc.constantFrom('a', 'b', 'c'), number, number, access)
    .map(([kind, major, minor, letters]) => `${kind} ${major}:${minor} ${letters}`);
  const question = fc
    .tuple(fc.constantFrom('b', 'c'), small, small, access)
    .map(([kind, major, minor, letters]) => `${kind} ${major}:${minor} ${letters}`);
  const fits = (one: DeviceRule, { kind, major, minor }: DeviceAccess): boolean =>
    [one.kind === 'any' || one.kind === kind, (one.major ?? major) === major, (one.minor ?? minor) === minor].every(
      Boolean,
    );
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), question, (texts, text) => {
      const rules = texts.map(parseDeviceRule);
      assert.deepEqual(rules.map(formatDeviceRule), texts);
      const wanted = asked(text);
      const expected = wanted.access
        .split('')
        .every((letter) => rules.some((one) => fits(one, wanted) && one.access.includes(letter)));
      assert.equal(allowed(rules, [text]).length === 1, expected);
    }),
  );
});

test('the program is in place before the first process is, and --privileged has none', () => {
  const at = (list: readonly string[], word: string): number => list.findIndex((line) => line.includes(word));
  const list = lines(specOf(), contextOf());
  assert.ok(at(list, 'mkdir(/sys/fs/cgroup/berth/c') < at(list, 'BPF_CGROUP_DEVICE, /sys/fs/cgroup/berth/c'));
  assert.ok(at(list, 'BPF_CGROUP_DEVICE') < at(list, 'clone3('));
  const security = { ...specOf().security, privileged: true };
  assert.equal(at(lines(specOf({ security }), contextOf({ idRange: undefined })), 'BPF_CGROUP_DEVICE'), -1);
});
