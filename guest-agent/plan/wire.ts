/**
 * The wire form of a launch plan, read by the launcher (launcher/wire.c). All numbers are little endian.
 *
 *     plan     magic u32 `BRTH`, version u32, table u32 (opTableHash), monitor, before, joins, clone, outside, inside, exec
 *     monitor  socket str, stateDir str, logPath str, logMaxBytes u64, logMaxFiles u32,
 *              flags u32: 1 tty, 2 openStdin, 4 stdinOnce, 8 holdForAttach
 *     ops      count u32, then each: code u32, its fields in the table's order
 *     joins    count u32, then each: path str (empty: by pid), pid u32, flags u64
 *     clone    flags u64, cgroup str
 *     exec     argv list, env list, searchPath list, init u32
 *     str      length u32, bytes without NUL, one NUL (so that C uses it in place)
 *     bytes    length u32, bytes
 *     list     count u32, strs
 *
 * The reasons (`why`) stay at home: a failure comes back as section and index.
 */
import { EngineError } from '../protocol/errors.ts';
import { opTable, type FieldType, type Join, type LaunchPlan, type Op, type OpName } from './op.ts';
import { WireReader, WireWriter } from './wire-bytes.ts';

export const planMagic = 0x4854_5242;
export const planVersion = 1;
/** The launcher refuses a longer plan. */
export const maxPlanBytes = 1 << 20;

/** Where a failure happened, as the launcher's FAILED frame numbers it. */
export const planSection = {
  plan: 0,
  before: 1,
  join: 2,
  clone: 3,
  outside: 4,
  inside: 5,
  exec: 6,
  monitor: 7,
} as const;

export type PlanSection = keyof typeof planSection;

/** An agent and a launcher of different tables refuse each other. */
export const opTableHash = hashOf(
  Object.entries(opTable)
    .map(([name, { code, fields }]) => `${name}=${code}(${Object.entries(fields).flat().join(' ')})`)
    .join(';'),
);

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193);
  return hash >>> 0;
}

/** @throws EngineError `invalid-argument` when a text holds NUL or the plan is longer than {@link maxPlanBytes}. */
export function encodePlan(plan: LaunchPlan): Uint8Array {
  const out = new WireWriter();
  out.u32(planMagic);
  out.u32(planVersion);
  out.u32(opTableHash);
  const { monitor } = plan;
  out.str(monitor.socket);
  out.str(monitor.stateDir);
  out.str(monitor.logPath);
  out.u64(monitor.logMaxBytes);
  out.u32(monitor.logMaxFiles);
  const { tty, openStdin, stdinOnce, holdForAttach } = monitor;
  out.u32(bit(tty, 1) | bit(openStdin, 2) | bit(stdinOnce, 4) | bit(holdForAttach, 8));
  encodeOps(out, plan.before);
  encodeJoins(out, plan.join);
  out.u64(plan.clone.flags);
  out.str(plan.clone.cgroup);
  encodeOps(out, plan.outside);
  encodeOps(out, plan.inside);
  out.list(plan.exec.argv);
  out.list(plan.exec.env);
  out.list(plan.exec.searchPath);
  out.u32(bit(plan.exec.init, 1));
  const bytes = out.bytesWritten();
  if (bytes.length > maxPlanBytes)
    throw new EngineError(
      'invalid-argument',
      `The launch plan is ${bytes.length} bytes; at most ${maxPlanBytes} fit.`,
      {
        hint: 'Shorten the command, its environment or the list of mounts.',
      },
    );
  return bytes;
}

/** Reads back what {@link encodePlan} wrote; every `why` is empty. @throws EngineError `invalid-argument`. */
export function decodePlan(bytes: Uint8Array): LaunchPlan {
  const from = new WireReader(bytes);
  if (from.u32() !== planMagic || from.u32() !== planVersion || from.u32() !== opTableHash)
    throw new EngineError('invalid-argument', 'The bytes are no launch plan of this version.');
  const plan: LaunchPlan = {
    monitor: decodeMonitor(from),
    before: decodeOps(from),
    join: decodeJoins(from),
    clone: { flags: from.u64(), cgroup: from.str(), why: '' },
    outside: decodeOps(from),
    inside: decodeOps(from),
    exec: { argv: from.list(), env: from.list(), searchPath: from.list(), init: from.u32() === 1, why: '' },
  };
  from.end();
  return plan;
}

function decodeMonitor(from: WireReader): LaunchPlan['monitor'] {
  const [socket, stateDir, logPath] = [from.str(), from.str(), from.str()];
  const logMaxBytes = from.u64();
  const logMaxFiles = from.u32();
  const flags = from.u32();
  return {
    ...{ socket, stateDir, logPath, logMaxBytes, logMaxFiles },
    tty: (flags & 1) !== 0,
    openStdin: (flags & 2) !== 0,
    stdinOnce: (flags & 4) !== 0,
    holdForAttach: (flags & 8) !== 0,
  };
}

function encodeOps(out: WireWriter, ops: readonly Op[]): void {
  out.u32(ops.length);
  for (const op of ops) {
    const { code, fields } = opTable[op.op];
    out.u32(code);
    const values: Readonly<Record<string, unknown>> = { ...op };
    for (const [name, type] of Object.entries(fields)) out.field(type, values[name]);
  }
}

const names = new Map<number, OpName>(Object.entries(opTable).map(([name, { code }]) => [code, name as OpName]));

function decodeOps(from: WireReader): Op[] {
  return Array.from({ length: from.count() }, () => {
    const code = from.u32();
    const op = names.get(code);
    if (op === undefined) throw new EngineError('invalid-argument', `There is no operation ${code}.`);
    const fields = Object.entries<FieldType>(opTable[op].fields).map(([name, type]) => [name, from.field(type)]);
    return { op, why: '', ...Object.fromEntries(fields) } as Op;
  });
}

function encodeJoins(out: WireWriter, joins: readonly Join[]): void {
  out.u32(joins.length);
  for (const join of joins) {
    const byPid = 'pid' in join;
    out.str(byPid ? '' : join.path);
    out.u32(byPid ? join.pid : 0);
    out.u64(byPid ? join.flags : 0n);
  }
}

function decodeJoins(from: WireReader): Join[] {
  return Array.from({ length: from.count() }, (): Join => {
    const path = from.str();
    const pid = from.u32();
    const flags = from.u64();
    return path === '' ? { pid, flags, why: '' } : { path, why: '' };
  });
}

function bit(on: boolean, value: number): number {
  return on ? value : 0;
}
