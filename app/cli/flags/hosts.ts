import { badFlag } from '../command/usage-error.ts';

/** `--add-host name:ip` or `name=ip`, `host-gateway` allowed → `name:ip`. */
export function parseExtraHost(text: string, flag = '--add-host'): string {
  const match = /^([^:=\s]+)[:=](.+)$/.exec(text);
  const address = match?.[2]?.replace(/^\[(.*)\]$/, '$1');
  if (match?.[1] !== undefined && address !== undefined && (address === 'host-gateway' || isAddress(address)))
    return `${match[1]}:${address}`;
  throw badFlag(flag, text, 'it cannot be read', 'Write NAME:ADDRESS, such as db:10.0.0.2.');
}

export function parseDns(text: string, flag = '--dns'): string {
  if (isAddress(text)) return text;
  throw badFlag(flag, text, 'it is not an IP address', 'Write an IPv4 or IPv6 address.');
}

/** `--mac-address 02:42:ac:11:00:02`. */
export function parseMac(text: string, flag = '--mac-address'): string {
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return text.toLowerCase();
  throw badFlag(
    flag,
    text,
    'it is not a hardware address',
    'Write six pairs of hexadecimal digits, such as 02:42:ac:11:00:02.',
  );
}

/** `--platform linux/arm64[/v8]` → `linux/arm64`. */
export function parsePlatform(text: string, flag = '--platform'): string {
  const match = /^(?:(linux)\/)?(amd64|arm64|x86_64|aarch64)(?:\/v[0-9])?$/.exec(text);
  const arch = match?.[2] === 'x86_64' ? 'amd64' : match?.[2] === 'aarch64' ? 'arm64' : match?.[2];
  if (arch !== undefined) return `linux/${arch}`;
  throw badFlag(flag, text, 'it is not a platform that containers run on', 'Use linux/amd64 or linux/arm64.');
}

export function isAddress(text: string): boolean {
  const v4 = text.split('.');
  if (v4.length === 4 && v4.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255)) return true;
  return URL.canParse(`http://[${text}]/`) && /^[0-9a-f:.]+$/i.test(text) && text.includes(':');
}
