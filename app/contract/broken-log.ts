/** What is told of a log whose stream ended before its last frame. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';

export function brokenLog(): EngineError {
  return new EngineError('unreachable', 'The connection to the guest agent broke before the end of the log.', {
    hint: 'Ask again; "--since" leaves out what came before.',
  });
}
