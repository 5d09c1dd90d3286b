import { EngineError } from '../../protocol/errors.ts';
import type { handshakeMethods, HelloResult } from '../../protocol/handshake.ts';
import type { Handlers } from '../../protocol/method.ts';
import { protocolVersion } from '../../protocol/version.ts';
import type * as v from 'valibot';

export type AgentFacts = v.InferOutput<typeof HelloResult>;

/** `greeted` is called behind each answer to a host of the same protocol. */
export function handshakeHandlers(
  facts: AgentFacts,
  greeted: () => void = () => undefined,
): Handlers<typeof handshakeMethods, AbortSignal> {
  return {
    hello: (params) => {
      if (params.protocolVersion === protocolVersion) {
        setImmediate(greeted);
        return facts;
      }
      const versions = `The guest agent speaks protocol ${protocolVersion}, the host ${params.protocolVersion}`;
      throw new EngineError('protocol-mismatch', `${versions} (version ${params.hostVersion}).`, {
        hint: 'The machine was booted by another version of Berth: restart it with: berth restart',
        data: { agent: protocolVersion, host: params.protocolVersion },
      });
    },
    ping: () => ({ agentInstance: facts.agentInstance }),
  };
}
