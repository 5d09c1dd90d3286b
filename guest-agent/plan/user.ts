/** `--user` and `--group-add` by the image's own /etc/passwd and /etc/group, as Docker does (moby/sys user.GetExecUser). */
import { EngineError } from '../protocol/errors.ts';

export interface ResolvedUser {
  uid: number;
  gid: number;
  /** Supplementary groups. */
  groups: readonly number[];
  /** From passwd; `/` when the id is not there. */
  home: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: readonly string[];
}

const maxId = 2 ** 31 - 1;

/** The texts are empty when the image has no such file. Fails with `invalid-argument`, naming the user or group. */
export function resolveUser(
  user: string,
  groupAdd: readonly string[],
  passwdText: string,
  groupText: string,
): ResolvedUser {
  const passwd = parsePasswd(passwdText);
  const groups = parseGroup(groupText);
  const [userPart, groupPart] = splitOnce(user);
  const entry = findUser(userPart, passwd);
  const group = groupPart ? findGroup(groupPart, groups) : undefined;
  const memberships =
    group === undefined && entry.name !== ''
      ? groups.filter(({ members }) => members.includes(entry.name)).map(({ gid }) => gid)
      : [];
  const added = groupAdd.map((name) => findGroup(name, groups));
  return {
    uid: entry.uid,
    gid: group ?? entry.gid,
    groups: [...new Set([...memberships, ...added])],
    home: entry.home,
  };
}

function splitOnce(user: string): [string, string | undefined] {
  const colon = user.indexOf(':');
  return colon === -1 ? [user, undefined] : [user.slice(0, colon), user.slice(colon + 1)];
}

function findUser(wanted: string, passwd: readonly PasswdEntry[]): PasswdEntry {
  const name = wanted === '' ? '0' : wanted;
  const byName = passwd.find((entry) => entry.name === name);
  if (byName) return byName;
  const uid = parseId(name, 'user');
  if (uid === undefined) throw missing('user', name, 'passwd');
  return passwd.find((entry) => entry.uid === uid) ?? { name: '', uid, gid: 0, home: '/' };
}

function findGroup(name: string, groups: readonly GroupEntry[]): number {
  const byName = groups.find((entry) => entry.name === name);
  if (byName) return byName.gid;
  const gid = parseId(name, 'group');
  if (gid === undefined) throw missing('group', name, 'group');
  return gid;
}

function parseId(text: string, what: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > maxId)
    throw new EngineError('invalid-argument', `${what} id ${text}: ids go from 0 to ${maxId}`, {
      hint: 'Choose a smaller number, or a name of the image.',
    });
  return id;
}

function missing(what: string, name: string, file: string): EngineError {
  return new EngineError(
    'invalid-argument',
    `unable to find ${what} ${name}: no matching entry in the image's /etc/${file}`,
    { hint: `Use a ${what} of the image, or a number.` },
  );
}

function parsePasswd(text: string): PasswdEntry[] {
  return records(text).flatMap(([name, , uid, gid, , home]) =>
    name && isNumber(uid) && isNumber(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home: home || '/' }] : [],
  );
}

function parseGroup(text: string): GroupEntry[] {
  return records(text).flatMap(([name, , gid, members = '']) =>
    name && isNumber(gid) ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }] : [],
  );
}

function records(text: string): string[][] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':'));
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text);
}
