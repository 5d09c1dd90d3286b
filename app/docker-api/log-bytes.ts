/** The bytes of `GET /containers/{id}/logs`, from our records. */
import type { Readable } from 'node:stream';
import { frameKind } from '../../guest-agent/protocol/index.ts';
import { LogStamper, recordTimeBytes, type LinePrefix } from '../contract/log-stamper.ts';
import { brokenLog } from '../contract/broken-log.ts';
import { FrameDecoder } from '../contract/index.ts';
import { dockerFrame } from './stdio.ts';

export interface LogForm extends LinePrefix {
  /** Without frames. */
  readonly raw: boolean;
}

/** @param records of `container.logs` @throws EngineError `unreachable` when they are not whole */
export async function* logBytes(records: Readable, form: LogForm): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder();
  const stampers = { [frameKind.stdout]: new LogStamper(form), [frameKind.stderr]: new LogStamper(form) };
  let whole = false;
  for await (const chunk of records as AsyncIterable<Buffer>)
    for (const { kind, payload } of decoder.push(chunk)) {
      whole ||= kind === frameKind.whole;
      if (kind !== frameKind.stdout && kind !== frameKind.stderr) continue;
      if (payload.length < recordTimeBytes) continue;
      const bytes = stampers[kind].stamp(payload);
      yield form.raw ? bytes : dockerFrame(kind === frameKind.stderr ? 2 : 1, bytes);
    }
  if (!whole) throw brokenLog();
}
