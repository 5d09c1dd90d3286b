import * as v from 'valibot';

/** Opens one stream once; see stream-format.ts. */
export const StreamToken = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
