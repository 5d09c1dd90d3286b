import type { RunMount } from '../../contract/run-config.ts';
import { parseBytes } from './bytes.ts';
import { parseMode } from './mount.ts';
import { checkTarget } from './volume.ts';

/** One `--tmpfs` value: `/dir` or `/dir:size=64m,mode=1770,noexec,uid=1000` (tmpfs(5) options). */
export function parseTmpfs(text: string, flag = '--tmpfs'): RunMount {
  const colon = text.indexOf(':');
  const target = checkTarget(colon < 0 ? text : text.slice(0, colon), text, flag);
  const words =
    colon < 0
      ? []
      : text
          .slice(colon + 1)
          .split(',')
          .filter((word) => word !== '');
  const size = valueOf(words, 'size');
  const mode = valueOf(words, 'mode');
  return {
    type: 'tmpfs',
    target,
    readOnly: words.includes('ro'),
    ...(size === undefined ? {} : { sizeBytes: parseBytes(size, flag) }),
    ...(mode === undefined ? {} : { mode: parseMode(mode, text, flag) }),
    options: words.filter((word) => !/^(size=|mode=|ro$|rw$)/.test(word)),
  };
}

function valueOf(words: readonly string[], key: string): string | undefined {
  return words.findLast((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
}
