/** What users type, line by line, by the real `docker` command against a real machine; one boot serves all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerIsHere, shell } from '../support/docker-command.ts';
import type { Row } from './row.ts';
import { images } from './tables/images.ts';
import { life } from './tables/life.ts';
import { looks } from './tables/looks.ts';
import { networks } from './tables/networks.ts';
import { run } from './tables/run.ts';
import { streams } from './tables/streams.ts';

const skip = dockerIsHere ? false : 'the docker command is not installed';

/** What is wrong with a line; undefined when it does as the table says. */
async function fault([line, code, prints]: Row): Promise<string | undefined> {
  const outcome = await shell(line);
  const text = code === 0 ? outcome.stdout : outcome.stderr;
  if (outcome.code === code && prints.test(text)) return undefined;
  return `${line}\n  exit ${outcome.code}, not ${code}; ${String(prints)}\n  ${outcome.stdout}${outcome.stderr}`;
}

for (const { name, rows } of [run, life, looks, streams, images, networks])
  test(name, { skip }, async () => {
    const faults: string[] = [];
    for (const row of rows) {
      const found = await fault(row);
      if (found !== undefined) faults.push(found);
    }
    assert.equal(faults.length, 0, `\n${faults.join('\n')}`);
  });
