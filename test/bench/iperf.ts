/** Debian's iperf3 on the host, not installed but unpacked. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';
import { unpackOnly } from '../../vm-images/debian.ts';

const run = promisify(execFile);
const seconds = '2';

/** Megabytes a second that the receiver got. `words` are iperf3(1)'s. */
export type Iperf = (host: string, port: number, words: readonly string[]) => Promise<number>;

interface Report {
  readonly end: { readonly sum_received: { readonly bits_per_second: number } };
}

/** Unpacks it under `dir`, once. */
export async function hostIperf(dir: string): Promise<Iperf> {
  const tree = join(dir, 'iperf3');
  if (!existsSync(tree)) await run('mmdebstrap', ['--quiet', ...unpackOnly(), '--include=iperf3', 'trixie', tree]);
  const client: Iperf = async (host, port, words) => {
    const { stdout } = await run(join(tree, 'usr/lib64/ld-linux-x86-64.so.2'), [
      ...['--library-path', join(tree, 'usr/lib/x86_64-linux-gnu'), join(tree, 'usr/bin/iperf3')],
      ...['-J', '-t', seconds, '-c', host, '-p', String(port), ...words],
    ]);
    return (JSON.parse(stdout) as Report).end.sum_received.bits_per_second / 8e6;
  };
  // For a moment after a test the server takes no other.
  return (...words) => until('an iperf3 server that is free', () => client(...words));
}
