/** A command line for the guest's login shell. Pure. */

/** Quotes words for a POSIX shell (POSIX.1-2024, Shell Command Language, 2.2.2). No words: an interactive login shell. */
export function shellCommand(argv: readonly string[]): string {
  return argv.length === 0 ? 'exec "${SHELL:-/bin/sh}" -l' : argv.map(quote).join(' ');
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
