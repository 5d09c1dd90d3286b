/** `WWW-Authenticate`: what a registry asks for (RFC 9110, section 11; distribution specification, "Token Authentication"). */

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^[\\s,]*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const start = new RegExp(`^[\\s,]*(${token})(?=\\s|,|$)`);

/** One or more challenges of a header; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  for (let found = start.exec(rest); found; found = start.exec(rest)) {
    rest = rest.slice(found[0].length);
    const parameters = new Map<string, string>();
    for (let next = parameter.exec(rest); next; next = parameter.exec(rest)) {
      rest = rest.slice(next[0].length);
      const [, name = '', quoted, plain = ''] = next;
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
    }
    challenges.push({ scheme: (found[1] ?? '').toLowerCase(), parameters });
  }
  return challenges;
}
