/** Bytes to a TCP port of a container, for what no hypervisor forwards. */
import { connect } from 'node:net';
import type { StreamOpener } from './registry.ts';
import { joinStreams } from './join.ts';

/**
 * Connects when the stream opens, to the first of the addresses that takes the connection; when all refuse, the stream
 * ends without a byte.
 */
export function portProxy(addresses: readonly string[], port: number): StreamOpener {
  return (stream) => {
    const attempt = ([host, ...others]: readonly string[]): void => {
      if (host === undefined || stream.destroyed) {
        stream.destroy();
        return;
      }
      const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
      const next = (): void => attempt(others);
      socket.once('error', next);
      socket.once('connect', () => {
        socket.off('error', next);
        joinStreams(stream, socket);
      });
    };
    attempt(addresses);
  };
}
