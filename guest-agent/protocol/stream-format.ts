/**
 * The byte plane. Every connection to the agent's socket starts with a preamble of one line, at most 128 bytes:
 *
 *     BERTH/1 CONTROL\n            JSON-RPC with Content-Length headers follows
 *     BERTH/1 STREAM <token>\n     raw bytes follow, both ways, until either side ends
 *
 * A token is 32 lower-case hexadecimal digits, is given out by the answer to a call, opens one stream once, and expires
 * when it is not used within {@link tokenLifetimeMs}. What the bytes mean is told by the call that gave the token.
 *
 * Stdio streams (attach, exec) are framed, with a header of 5 bytes: kind (u8), length (u32, little endian), then the
 * payload, at most {@link maxFrameBytes}. The monitor in the guest speaks the same frames, so the agent only pipes.
 *
 * Nothing here needs a library: the `berth` command loads this file in its few milliseconds of start-up.
 */

export const preambleLimit = 128;
export const tokenLifetimeMs = 30_000;
export const maxFrameBytes = 65_536;

/** Kinds of stdio frames; the numbers are shared with the launcher (`frames` in launcher/monitor). */
export const frameKind = {
  /** host → container: bytes for stdin; an empty payload closes stdin */
  stdin: 2,
  /** host → container: u16 rows, u16 columns (little endian); tty only */
  resize: 4,
  /** host → container: u32 signal number */
  signal: 5,
  /** container → host */
  stdout: 18,
  /** container → host; never with a tty */
  stderr: 19,
  /** container → host, last frame: i32 exit code (128 + n when killed by signal n), i32 signal or 0 */
  exit: 20,
  /** guest → host, last frame of a log, empty: nothing is missing. An agent that dies ends its streams, too. */
  whole: 21,
} as const;

export type Preamble = { kind: 'control' } | { kind: 'stream'; token: string };

/** Parses the first line (without the line feed); undefined when it is not a preamble. */
export function parsePreamble(line: string): Preamble | undefined {
  if (line === 'BERTH/1 CONTROL') return { kind: 'control' };
  const match = /^BERTH\/1 STREAM ([0-9a-f]{32})$/.exec(line);
  return match?.[1] === undefined ? undefined : { kind: 'stream', token: match[1] };
}

export function formatPreamble(preamble: Preamble): string {
  return preamble.kind === 'control' ? 'BERTH/1 CONTROL\n' : `BERTH/1 STREAM ${preamble.token}\n`;
}
