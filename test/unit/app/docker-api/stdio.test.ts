import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { joinStdio } from '../../../../app/docker-api/stdio.ts';
import { takeBody } from '../../../../app/docker-api/upgrade.ts';
import { frameKind } from '../../../../guest-agent/protocol/index.ts';

const ends = { stdin: true, stdout: true, stderr: true, closeStdin: true, detachKeys: new Uint8Array() };

for (const pieces of [['{}input'], ['{', '}input'], ['{', '}', 'input']])
  test(`input behind a body that came as ${JSON.stringify(pieces)} reaches the process`, async () => {
    const [client, server] = duplexPair();
    const [guest, process] = duplexPair();
    const request = { headers: { 'content-length': '2' } } as unknown as IncomingMessage;
    const taking = takeBody({ request, socket: server, head: Buffer.alloc(0), version: '1' });
    for (const piece of pieces) {
      client.write(piece);
      await new Promise(setImmediate);
    }
    assert.equal(String(await taking), '{}');
    void joinStdio(guest, server, { tty: false, raw: false, ...ends });
    const [frame] = (await once(process, 'data')) as [Buffer];
    assert.deepEqual([frame[0], frame.subarray(5).toString()], [frameKind.stdin, 'input']);
    process.destroy();
    client.destroy();
  });
