/** What becomes of a stage whose tests did not all pass. PURE. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** More than so many files do not fail by accident. */
const most = 2;

/** @returns the files, relative to the tree, that are worth a second run; none when too many have failed */
export function filesToRepeat(outcomes) {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  // One that fails to load, or that has no file, fails again.
  if (failed.some(({ file }) => file === undefined)) return [];
  const files = [...new Set(failed.map(({ file }) => relative(root, file)))];
  return files.length > most ? [] : files;
}

/** The second run's word counts for the files that it had; what failed in the first alone is flaky. */
export function afterRepeat(first, second) {
  const repeated = new Set(second.map(({ file }) => file));
  const stillFailed = new Set(second.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name));
  const flaky = first
    .filter(({ outcome, name }) => outcome === 'failed' && !stillFailed.has(name))
    .map(({ name, file }) => ({ name, file: relative(root, file) }));
  return { outcomes: [...first.filter(({ file }) => !repeated.has(file)), ...second], flaky };
}
