/** Answers of two servers of Docker's API to the same request, and where they differ. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  /** Without parameters. */
  readonly type: string;
  /** What its JSON holds (the last line's of several), or the text itself. */
  readonly body: unknown;
}

/** Each place that differs, as `status`, `message` or `.State.Status`, with what both say. */
export type Differences = ReadonlyMap<string, string>;

/** Of dockerd 26.1, which is Debian 13's. */
const version = '/v1.45';

/** @param asked method and path @param body a text is sent as it is, all else as JSON */
export async function ask(socketPath: string, asked: string, body?: unknown): Promise<Answer> {
  const [method, path = ''] = asked.split(' ');
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const raw = typeof body === 'string';
  const headers = body === undefined ? {} : { 'Content-Type': raw ? 'text/plain' : 'application/json' };
  const sent = request({ socketPath, method, path: `${version}${path}`, headers }, (response) => {
    const { statusCode: status = 0 } = response;
    const type = (response.headers['content-type'] ?? '').split(';')[0] ?? '';
    text(response).then((said) => resolve({ status, type, body: parsed(said) }), reject);
  });
  sent.setTimeout(30_000, () => sent.destroy(new Error(`no answer to ${asked}`)));
  sent.once('error', reject);
  sent.end(body === undefined || raw ? body : JSON.stringify(body));
  return promise;
}

function parsed(said: string): unknown {
  for (const json of [said, said.trim().split('\n').at(-1) ?? ''])
    try {
      return JSON.parse(json) as unknown;
    } catch {
      continue;
    }
  return withoutIds(said);
}

function withoutIds(said: string): string {
  return said.trim().replaceAll(/\b[0-9a-f]{64}\b/g, 'ID');
}

/** When one refuses what the other does, that alone. */
export function differences(ours: Answer, theirs: Answer): Differences {
  const found = new Map<string, string>();
  const note: Note = (place, a, b) => void found.set(place, `ours ${shown(a)}, theirs ${shown(b)}`);
  const [a, b] = [ours, theirs].map(refusal);
  if (ours.status !== theirs.status) note('status', ours.status, theirs.status);
  if ((a === undefined) !== (b === undefined)) note('message', a, b);
  else {
    if (ours.type !== theirs.type) note('type', ours.type, theirs.type);
    if (a === undefined) compare(ours.body, theirs.body, '', note);
    else if (a !== b) note('message', a, b);
  }
  return found;
}

type Note = (place: string, ours: unknown, theirs: unknown) => void;

function shown(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? 'nothing' : json.length > 300 ? `${json.slice(0, 300)}…` : json;
}

function refusal({ status, body }: Answer): string | undefined {
  if (status < 400) return undefined;
  return withoutIds(isObject(body) && typeof body['message'] === 'string' ? body['message'] : JSON.stringify(body));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Texts and numbers that no two engines have alike: names of their own making, times, places, addresses. */
const varying = new Set(
  ['Id', 'ID', 'id', 'Hostname', 'Created', 'StartedAt', 'FinishedAt', 'Start', 'End', 'LastTagTime', 'read', 'preread']
    .concat(['SystemTime', 'BuildTime', 'KernelVersion', 'MacAddress', 'Mountpoint', 'Source', 'SandboxID', 'Version'])
    .concat(['SandboxKey', 'NetworkID', 'EndpointID', 'Gateway', 'IPAddress', 'IPPrefixLen', 'Subnet', 'LogPath'])
    .concat([
      'CreatedAt',
      'HostnamePath',
      'HostsPath',
      'ResolvConfPath',
      'DockerRootDir',
      'HostPort',
      'PublicPort',
      'Pid',
    ])
    .concat(['ContainersRunning', 'NGoroutines', 'NFd', 'MemTotal', 'NEventsListener', 'SizeRootFs', 'LayersSize']),
);
/** Figures of a moment: what is below them is compared by kind alone. */
const measured = ['cpu_stats', 'precpu_stats', 'memory_stats', 'blkio_stats', 'networks', 'pids_stats'];
/** Their keys are data, not the format's: they are compared, and values stand for each other by them. */
const maps = new Set(['Labels', 'Ports', 'Options', 'Volumes', 'ExposedPorts', 'Runtimes', 'Networks', 'Containers']);

/** Figures of the kernel, of which each engine passes on those that it knows. */
const passedOn = 'memory_stats.stats';

type Fields = Record<string, unknown>;

/** Kinds of values, and the values themselves. Null is Go's empty list and map: its clients take them alike. */
function compare(ours: unknown, theirs: unknown, place: string, note: Note): void {
  if (isEmpty(ours) && isEmpty(theirs)) return;
  if (kind(ours) !== kind(theirs)) note(place, ours, theirs);
  else if (Array.isArray(ours) && Array.isArray(theirs)) compareLists(ours, theirs, place, note);
  else if (isObject(ours) && isObject(theirs)) compareObjects(ours, theirs, place, note);
  else if (isOther(ours, theirs, place)) note(place, ours, theirs);
}

function compareObjects(ours: Fields, theirs: Fields, place: string, note: Note): void {
  const inMap = maps.has(place.split('.').at(-1) ?? '');
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  for (const name of names) {
    if (place.endsWith(passedOn) && !(name in ours && name in theirs)) continue;
    const inner = `${place}.${inMap ? '*' : name}`;
    if (name in ours && name in theirs) compare(ours[name], theirs[name], inner, note);
    else note(inMap ? `${place}.${name}` : inner, ours[name], theirs[name]);
  }
}

/** Things with a name are compared with those of the same name, in whatever order; others one after the other. */
function compareLists(ours: unknown[], theirs: unknown[], place: string, note: Note): void {
  const [a, b] = [byName(ours), byName(theirs)];
  if (a !== undefined && b !== undefined) {
    for (const name of new Set([...a.keys(), ...b.keys()]))
      if (a.has(name) && b.has(name)) compare(a.get(name), b.get(name), `${place}[]`, note);
      else note(`${place}[${name}]`, a.get(name), b.get(name));
  } else if (ours.length !== theirs.length) note(`${place}[]`, ours, theirs);
  else for (const [index, item] of ours.entries()) compare(item, theirs[index], `${place}[]`, note);
}

/** Undefined where something has no name, or one that another has, too. */
function byName(list: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map(list.map((item) => [nameOf(item), item]));
  return named.has('') || named.size < list.length ? undefined : named;
}

function nameOf(item: unknown): string {
  if (!isObject(item)) return '';
  const { Destination, Name, Names, RepoTags, PrivatePort, IP = '', Type = '' } = item;
  // The same port may be open in both families.
  if (typeof PrivatePort === 'number')
    return `${PrivatePort}/${String(Type)}${String(IP).includes(':') ? ' of IPv6' : ''}`;
  const name: unknown =
    Destination ?? Name ?? (Names as unknown[] | undefined)?.[0] ?? (RepoTags as unknown[] | undefined)?.[0];
  return typeof name === 'string' ? name : '';
}

function isOther(ours: unknown, theirs: unknown, place: string): boolean {
  if (varying.has(keyOf(place))) return false;
  if (typeof ours === 'number' && measured.some((name) => place.split('.').includes(name))) return false;
  return typeof ours === 'string' && typeof theirs === 'string'
    ? withoutTimes(withoutIds(ours)) !== withoutTimes(withoutIds(theirs))
    : ours !== theirs;
}

/** `Up 2 seconds` and `Up Less than a second` say the same. */
function withoutTimes(said: string): string {
  return said.replaceAll(/\b(Less than a second|About an? \w+|\d+ (second|minute|hour)s?)\b/g, 'SOME TIME');
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function kind(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

/** Of `.a.Name[]` it is Name. */
function keyOf(place: string): string {
  return (place.split('.').at(-1) ?? '').replaceAll('[]', '');
}
