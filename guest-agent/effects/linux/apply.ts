/** Operations of a plan that the agent performs itself. */
import { closeSync, constants, lchownSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import type { Op } from '../../plan/op.ts';
import { none32 } from '../../plan/op.ts';
import { EngineError } from '../../protocol/errors.ts';
import { describeOp } from './failure.ts';
import { mount } from './mounts.ts';
import { Netlink } from './netlink.ts';
import { failedCall } from './syscalls.ts';

/** In order; stops at the first that fails. */
export async function apply(ops: readonly Op[], inNetworkOf?: number): Promise<void> {
  for (const op of ops) {
    try {
      await perform(op, inNetworkOf);
    } catch (error) {
      throw named(op, error);
    }
  }
}

async function perform(op: Op, inNetworkOf: number | undefined): Promise<void> {
  switch (op.op) {
    case 'mkdir':
    case 'makeDirs':
    case 'write':
    case 'createFile':
    case 'symlink':
    case 'chown':
      performOnFiles(op);
      return;
    case 'mount':
      return mount(op);
    case 'netlink':
      return sendNetlink(op, inNetworkOf);
    default:
      throw new EngineError('unsupported', `Only the launcher can do ${op.op}.`);
  }
}

type FileOp = Extract<Op, { op: 'mkdir' | 'makeDirs' | 'write' | 'createFile' | 'symlink' | 'chown' }>;

function performOnFiles(op: FileOp): void {
  switch (op.op) {
    case 'mkdir':
      makeDirectory(op.path, op.mode);
      break;
    case 'makeDirs':
      mkdirSync(op.path, { recursive: true, mode: op.mode });
      break;
    case 'write':
      writeExisting(op.path, op.data);
      break;
    case 'createFile':
      writeFileSync(op.path, op.data, { mode: op.mode });
      break;
    case 'symlink':
      symlinkSync(op.target, op.path);
      break;
    case 'chown':
      lchownSync(op.path, op.uid, op.gid);
  }
}

function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (errnoOf(error) !== systemConstants.errno.EEXIST) throw error;
  }
}

/** Kernel files take a value in one write(2). */
function writeExisting(path: string, data: Uint8Array): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, data);
  } finally {
    closeSync(fd);
  }
}

async function sendNetlink(op: Extract<Op, { op: 'netlink' }>, inNetworkOf: number | undefined): Promise<void> {
  if (op.pidAt !== none32)
    throw new EngineError('unsupported', 'A message about a container’s process is for the launcher to send.');
  const socket = await Netlink.open(inNetworkOf);
  try {
    const message = Buffer.from(op.message);
    if (op.indexAt !== none32) message.writeUInt32LE(socket.indexOf(op.ifname), op.indexAt);
    socket.request(op.why, message);
  } finally {
    socket.close();
  }
}

function errnoOf(error: unknown): number | undefined {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? -error.errno : undefined;
}

/** @returns an EngineError that names the operation and its reason; one that is an EngineError already keeps its code and data. */
function named(op: Op, error: unknown): EngineError {
  const what = `${describeOp(op)} (${op.why})`;
  if (error instanceof EngineError)
    return new EngineError(error.code, `${what}: ${error.message}`, {
      hint: error.hint,
      data: { ...error.data, op: op.op },
      cause: error,
    });
  const failed = failedCall(what, errnoOf(error) ?? 0);
  return new EngineError(failed.code, failed.message, {
    hint: failed.hint,
    data: { ...failed.data, op: op.op },
    cause: error,
  });
}
