/** What a network's options mean: Docker's names for its bridge driver (docs.docker.com/engine/network/drivers/bridge). */
import { EngineError } from '../protocol/errors.ts';
import { parseAddress } from './cidr.ts';

export interface BridgeOptions {
  /** Device name in the guest. */
  bridge: string;
  /** Containers of the network reach each other. */
  icc: boolean;
  /** Packets to the world bear the guest's address. */
  masquerade: boolean;
  mtu: number | undefined;
  /** Where the host listens for a published port that names no address; empty: the host's choice. */
  hostBinding: string;
}

const prefix = 'com.docker.network.bridge.';
const mtuName = 'com.docker.network.driver.mtu';
/** Below 68 there is no IPv4, over 65535 no Ethernet. */
const [leastMtu, mostMtu] = [68, 65_535];

/** Other options are kept and mean nothing. @throws EngineError `invalid-argument` */
export function bridgeOptions(id: string, options: Readonly<Record<string, string>>): BridgeOptions {
  const bridge = options[`${prefix}name`] ?? `br-${id.slice(0, 12)}`;
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(bridge) || /^\.{1,2}$/.test(bridge))
    throw new EngineError('invalid-argument', `"${bridge}" cannot be the name of a bridge.`, {
      hint: 'Use 1 to 15 letters, digits, underscores, dots and hyphens.',
    });
  return {
    bridge,
    icc: flag(options, `${prefix}enable_icc`),
    masquerade: flag(options, `${prefix}enable_ip_masquerade`),
    mtu: mtuOf(options[mtuName]),
    hostBinding: addressOf(options[`${prefix}host_binding_ipv4`]),
  };
}

/** @throws EngineError `invalid-argument` */
function addressOf(text = ''): string {
  if (text === '' || parseAddress(text).family === 4) return text;
  throw new EngineError('invalid-argument', `The option ${prefix}host_binding_ipv4 takes IPv4, not "${text}".`);
}

function flag(options: Readonly<Record<string, string>>, name: string): boolean {
  const text = options[name] ?? 'true';
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new EngineError('invalid-argument', `The option ${name} is true or false, not "${text}".`, {
    hint: 'Use true or false.',
  });
}

function mtuOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const mtu = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (mtu >= leastMtu && mtu <= mostMtu) return mtu;
  throw new EngineError('invalid-argument', `The option ${mtuName} is ${leastMtu} to ${mostMtu}, not "${text}".`, {
    hint: 'Use a number between those, such as 1500.',
  });
}
