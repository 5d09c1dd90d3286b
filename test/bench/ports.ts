/**
 * A published port against a mere port of the guest behind the same forwarding of the hypervisor's: bytes, requests,
 * connections; and how many datagrams arrive. Both servers are containers of one image; the rival's has the guest's own network.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ok } from '../support/berth.ts';
import { builtImages, buildSet } from '../support/images/build.ts';
import { type ImageRecipe, minbase } from '../support/images/recipes.ts';
import { until } from '../support/until.ts';
import { datagrams } from './datagrams.ts';
import { connectionsPerSecond, requestsPerSecond } from './http-load.ts';
import { hostIperf } from './iperf.ts';
import { portServers } from './port-servers.ts';
import { median, row, type Row } from './report.ts';

const recipes = {
  iperf3: { layers: [minbase, { packages: ['iperf3'] }], config: { Cmd: ['iperf3', '-s'], Env: ['PATH=/usr/bin'] } },
} as const satisfies Readonly<Record<string, ImageRecipe>>;

/** Datagrams a second: few, and more than an emulated guest takes. */
const rates = [1000, 10_000];
const sink = fileURLToPath(new URL('guest/sink.c', import.meta.url));
const atLeast = 0.9;

export interface PortsBench {
  readonly add: (row: Row) => void;
  /** The BERTH_HOME, whose service runs. */
  readonly home: string;
  readonly rounds: number;
}

export async function ports(bench: PortsBench): Promise<void> {
  await ok(['start', '-q'], { limitMs: 240_000 });
  await bytes(bench);
  await requests(bench);
  await udp(bench);
}

async function bytes(bench: PortsBench): Promise<void> {
  const { iperf3 } = await buildSet('ports', recipes);
  await ok(['image', 'import', iperf3.layout, 'iperf3']);
  const client = await hostIperf(bench.home);
  const words = (port: number): string[] => ['iperf3', '-s', '-p', String(port)];
  await using servers = await portServers({ image: 'iperf3', protocol: 'tcp', words });
  const { plain, published } = servers;
  for (const [name, flags] of [
    ['up', []],
    ['down', ['-R']],
  ] as const) {
    const rival = await compare(bench, `ports/tcp-${name}`, 'MB/s', {
      theirs: () => client('127.0.0.1', plain, flags),
      ours: () => client('127.0.0.1', published, flags),
    });
    bench.add(row(`ports/tcp-${name}/ipv6`, 'MB/s', [await client('::1', published, flags)], { floor: rival }));
  }
}

async function requests(bench: PortsBench): Promise<void> {
  const { nginx } = await builtImages();
  await ok(['image', 'import', nginx.layout, 'nginx']);
  // By its own choice nginx ends a connection after a thousand requests.
  const script = (port: number): string =>
    `sed -i s/80/${port}/ /etc/nginx/sites-available/default; ` +
    `sed -i 's/http {/http { keepalive_requests 1000000;/' /etc/nginx/nginx.conf; exec nginx -g 'daemon off;'`;
  const words = (port: number): string[] => ['sh', '-c', script(port)];
  await using servers = await portServers({ image: 'nginx', protocol: 'tcp', words });
  const { plain, published } = servers;
  // Before nginx listens the guest resets what the hypervisor has accepted.
  for (const port of [plain, published])
    await until(`an answer at port ${port}`, async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
  for (const [name, load] of [
    ['requests', requestsPerSecond],
    ['connections', connectionsPerSecond],
  ] as const)
    await compare(bench, `ports/${name}`, '/s', { theirs: () => load(plain), ours: () => load(published) });
}

async function udp(bench: PortsBench): Promise<void> {
  const program = { from: join(bench.home, 'sink'), to: '/sink' };
  await promisify(execFile)('musl-gcc', ['-static', '-Os', '-o', program.from, sink]);
  const words = (port: number): string[] => ['/sink', String(port)];
  await using servers = await portServers({ image: 'busybox', protocol: 'udp', words, program });
  const { plain, published } = servers;
  for (const rate of rates)
    await compare(bench, `ports/udp-${rate}`, '/s', {
      theirs: () => datagrams(plain, rate),
      ours: () => datagrams(published, rate),
    });
}

/** Both take turns. Answers the rival's median. */
async function compare(
  { add, rounds }: PortsBench,
  name: string,
  unit: string,
  { ours, theirs }: Record<'ours' | 'theirs', () => Promise<number>>,
): Promise<number> {
  const mine: number[] = [];
  const rival: number[] = [];
  for (let round = 0; round < Math.ceil(rounds / 4); round++) {
    rival.push(await theirs());
    mine.push(await ours());
  }
  const floor = median(rival);
  add(row(`${name}/plain`, unit, rival));
  add(row(name, unit, mine, { floor, atLeast }));
  return floor;
}
