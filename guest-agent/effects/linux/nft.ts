/** nft(8): a ruleset read from standard input is one transaction. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { PortRule } from '../queries.ts';
import { EngineError } from '../../protocol/errors.ts';

export function nft(ruleset: string, inNetworkOf?: number): Promise<void> {
  const program = inNetworkOf === undefined ? 'nft' : 'nsenter';
  const enter = inNetworkOf === undefined ? [] : ['-t', String(inNetworkOf), '-n', 'nft'];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...enter, '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.stdin.on('error', () => undefined);
    child.on('error', (cause) =>
      reject(
        new EngineError('operation-failed', `${program} could not be started.`, {
          hint: 'The guest image lacks it.',
          cause,
        }),
      ),
    );
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new EngineError('operation-failed', `The packet filter refused its rules: ${said.trim().slice(0, 500)}`, {
            hint: 'Restart the machine; its rules are then made anew.',
          }),
        );
    });
    child.stdin.end(ruleset);
  });
}

/** The elements of the map of published ports, read from the kernel; none when it is not there. */
export async function portRules(protocol: 'tcp' | 'udp'): Promise<PortRule[]> {
  try {
    const { stdout } = await promisify(execFile)('nft', ['-j', 'list', 'map', 'inet', 'berth', `${protocol}_ports`]);
    return parsePortRules(stdout);
  } catch {
    return [];
  }
}

interface Listing {
  readonly nftables?: readonly {
    readonly map?: { readonly elem?: readonly (readonly [unknown, { readonly concat?: readonly unknown[] }?])[] };
  }[];
}

/** `{"nftables": [{"map": {"elem": [[20000, {"concat": ["172.30.0.2", 80]}]]}}]}` (libnftables-json(5)). */
export function parsePortRules(json: string): PortRule[] {
  const { nftables = [] } = JSON.parse(json) as Listing;
  return nftables.flatMap(({ map }) =>
    (map?.elem ?? []).flatMap(([guestPort, target]) => {
      const [address, port] = target?.concat ?? [];
      return typeof guestPort === 'number' && typeof address === 'string' && typeof port === 'number'
        ? [{ guestPort, address, port }]
        : [];
    }),
  );
}
