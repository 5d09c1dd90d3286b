import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferView, transferLine, transferLines } from '../../../../../app/cli/terminal/transfers.ts';
import type { TransferEvent } from '../../../../../app/contract/index.ts';

function event(state: TransferEvent['state'], more: Partial<TransferEvent> = {}): TransferEvent {
  return {
    kind: 'transfer',
    transfer: 't',
    direction: 'pull',
    reference: 'app',
    digest: `sha256:${'a'.repeat(64)}`,
    state,
    doneBytes: 1_500_000,
    totalBytes: 3_000_000,
    detail: '',
    ...more,
  };
}
const digest = (number: number): string => `sha256:${String(number).repeat(64)}`;

test('a line tells the blob, what happens and how far', () => {
  assert.equal(transferLine(event('waiting')), 'aaaaaaaaaaaa: Waiting');
  assert.equal(transferLine(event('moving')), 'aaaaaaaaaaaa: Downloading  1.5MB/3MB');
  assert.equal(transferLine(event('retrying', { detail: 'it broke' })), 'aaaaaaaaaaaa: Retrying: it broke');
  assert.equal(transferLine(event('done')), 'aaaaaaaaaaaa: Download complete');
  assert.equal(transferLine(event('moving', { direction: 'push' })), 'aaaaaaaaaaaa: Pushing  1.5MB/3MB');
  assert.equal(transferLine(event('mounted', { direction: 'push' })), 'aaaaaaaaaaaa: Mounted from another repository');
});

test('where not all lines fit, those of finished blobs are counted', () => {
  const events = [
    event('done', { digest: digest(1) }),
    event('moving', { digest: digest(2) }),
    event('present', { digest: digest(3) }),
    event('waiting', { digest: digest(4) }),
    event('waiting', { digest: digest(5) }),
  ];
  assert.equal(transferLines(events, 6).length, 5);
  assert.deepEqual(transferLines(events, 4), [
    '2 of 5 done',
    '222222222222: Downloading  1.5MB/3MB',
    '444444444444: Waiting',
  ]);
});

function written(
  stream: { isTTY: boolean; rows?: number; columns?: number },
  events: readonly TransferEvent[],
): string {
  let text = '';
  const view = new TransferView({ ...stream, write: (piece: string) => (text += piece) } as never);
  for (const one of events) view.show(one);
  return text;
}

test('without a terminal each change of state is a line, and no figure', () => {
  const events = [event('waiting'), event('moving'), event('moving', { doneBytes: 2 }), event('done')];
  assert.equal(written({ isTTY: false }, events), 'aaaaaaaaaaaa: Downloading\naaaaaaaaaaaa: Download complete\n');
});

test('on a terminal the lines are redrawn in place, cut to its width', () => {
  const events = [event('moving'), event('waiting', { digest: digest(2) }), event('done')];
  assert.equal(
    written({ isTTY: true, rows: 24, columns: 20 }, events),
    '\r\x1b[Jaaaaaaaaaaaa: Downl\n' +
      '\x1b[1A\r\x1b[Jaaaaaaaaaaaa: Downl\n222222222222: Waiti\n' +
      '\x1b[2A\r\x1b[Jaaaaaaaaaaaa: Downl\n222222222222: Waiti\n',
  );
});
