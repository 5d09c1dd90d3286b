import { badFlag } from '../command/usage-error.ts';

/** One record of RFC 4180: fields between commas, quoted where they hold one, a doubled quote for a quote. */
export function parseCsv(text: string, flag: string): string[] {
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/.exec(rest);
    if (match === null) throw badFlag(flag, text, 'its quotes do not match', 'Quote a whole field: "source=/a,b".');
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    rest = rest.slice(match[0].length);
    if (match[3] !== ',') return fields;
  }
}
