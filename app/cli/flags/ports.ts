import type { PortMapping } from '../../../guest-agent/protocol/container-spec.ts';
import { badFlag } from '../command/usage-error.ts';

const hint = 'Write [[ADDRESS:]HOST-PORT:]CONTAINER-PORT[/tcp|/udp], such as 8080:80 or 127.0.0.1::53/udp.';

/**
 * One `-p` value: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]:8080:80`, `127.0.0.1::80`, ranges of equal length
 * (`8000-8002:80-82`), or a host range for one container port (the first free port of it).
 * Host port 0 is any free one.
 */
export function parsePort(text: string, flag = '--publish'): PortMapping[] {
  const { rest, protocol } = splitProtocol(text, flag);
  const { address, host, container } = splitParts(rest, text, flag);
  const inside = portRange(container, text, flag);
  const outside = host === '' ? undefined : portRange(host, text, flag);
  const count = inside.last - inside.first + 1;
  if (inside.first === 0) throw badFlag(flag, text, 'a container port is 1 to 65535', hint);
  const several = outside !== undefined && outside.last > outside.first;
  if (count === 1 && several)
    return [
      {
        ...{ containerPort: inside.first, protocol, hostAddress: address },
        ...{ hostPort: outside.first, hostPortEnd: outside.last },
      },
    ];
  if (outside !== undefined && outside.last - outside.first + 1 !== count)
    throw badFlag(flag, text, 'the two ranges differ in length', 'Give as many host ports as container ports.');
  return Array.from({ length: count }, (_, i) => ({
    containerPort: inside.first + i,
    protocol,
    hostAddress: address,
    hostPort: outside === undefined ? 0 : outside.first + i,
  }));
}

function splitProtocol(text: string, flag: string): { rest: string; protocol: 'tcp' | 'udp' } {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return { rest: text, protocol: 'tcp' };
  const protocol = text.slice(slash + 1).toLowerCase();
  if (protocol === 'tcp' || protocol === 'udp') return { rest: text.slice(0, slash), protocol };
  throw badFlag(flag, text, `the protocol ${JSON.stringify(protocol)} cannot be published`, 'Use tcp or udp.');
}

function splitParts(rest: string, text: string, flag: string): { address: string; host: string; container: string } {
  const bracketed = /^\[([0-9a-fA-F:.]+)\]:(.*)$/.exec(rest);
  const parts = (bracketed?.[2] ?? rest).split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const address = bracketed?.[1] ?? parts.pop() ?? '';
  if (parts.length > 0)
    throw badFlag(flag, text, 'it has too many colons', 'Put an IPv6 address in brackets: [::1]:8080:80.');
  if (bracketed === null && address !== '' && !isIpv4(address))
    throw badFlag(flag, text, `${JSON.stringify(address)} is not an IP address`, hint);
  return { address, host, container };
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255);
}

function portRange(part: string, text: string, flag: string): { first: number; last: number } {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(part);
  const first = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? first);
  if (first <= last && last <= 65535) return { first, last };
  throw badFlag(flag, text, `${JSON.stringify(part)} is not a port`, hint);
}
