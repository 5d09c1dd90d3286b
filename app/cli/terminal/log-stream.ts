import type { Readable } from 'node:stream';
import { frameKind } from '../../../guest-agent/protocol/stream-format.ts';
import { LogStamper, recordTimeBytes } from '../../contract/log-stamper.ts';
import { brokenLog } from '../../contract/broken-log.ts';
import { FrameDecoder } from '../../contract/stdio-frames.ts';
import { standardError, standardOutput } from '../output.ts';
import { write } from './session.ts';

/** Log records (see `container.logs`) onto our outputs, with their times at line starts when asked. @throws EngineError `unreachable` for a part of a log */
export async function showLog(stream: Readable, timestamps: boolean): Promise<void> {
  const decoder = new FrameDecoder();
  const prefix = { time: timestamps, details: '' };
  const stamps = { [frameKind.stdout]: new LogStamper(prefix), [frameKind.stderr]: new LogStamper(prefix) };
  let whole = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const frame of decoder.push(chunk)) {
      whole ||= frame.kind === frameKind.whole;
      const stamper = stamps[frame.kind as keyof typeof stamps];
      if (!(stamper instanceof LogStamper) || frame.payload.length < recordTimeBytes) continue;
      const target = frame.kind === frameKind.stderr ? standardError() : standardOutput();
      await write(target, stamper.stamp(frame.payload));
    }
  }
  if (!whole) throw brokenLog();
}
