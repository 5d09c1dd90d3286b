/** Rows of `ps --guest`: all processes of the guest, containers' and its own. */
import type * as v from 'valibot';
import type { GuestProcess } from '../../../guest-agent/protocol/guest.ts';
import { binarySize } from '../flags/bytes.ts';
import type { ListView } from '../format/list.ts';

export interface GuestProcessRow {
  readonly Pid: string;
  readonly Parent: string;
  /** As seen in its innermost pid namespace; empty in the guest's own. */
  readonly InnerPid: string;
  readonly User: string;
  readonly Owner: string;
  readonly Memory: string;
  readonly Command: string;
}

export const guestProcessView: ListView<GuestProcessRow> = {
  columns: ['Pid', 'Parent', 'InnerPid', 'User', 'Owner', 'Memory', 'Command'],
  titles: {
    Pid: 'PID',
    Parent: 'PARENT',
    InnerPid: 'INNER PID',
    User: 'UID',
    Owner: 'OWNER',
    Memory: 'MEMORY',
    Command: 'COMMAND',
  },
};

/** @param names container names by id */
export function guestProcessRow(
  process: v.InferOutput<typeof GuestProcess>,
  names: ReadonlyMap<string, string>,
  truncate: boolean,
): GuestProcessRow {
  const { owner, command } = process;
  return {
    Pid: String(process.pid),
    Parent: String(process.parent),
    InnerPid: process.innerPids.join('/'),
    User: String(process.user),
    Owner: owner === '' ? 'guest' : (names.get(owner) ?? (truncate ? owner.slice(0, 12) : owner)),
    Memory: binarySize(process.rssBytes),
    Command: truncate && command.length > 60 ? `${command.slice(0, 59)}…` : command,
  };
}
