/**
 * The same server twice: in a container behind a published port, and in the guest's own network behind a port that the
 * hypervisor forwards to the guest and that leads nowhere else. That port is one that an idle container has published and
 * whose rule is taken away.
 */
import { ok } from '../support/berth.ts';

export interface PortServers extends AsyncDisposable {
  /** Ports of the host: to the guest itself, and to the container. */
  readonly plain: number;
  readonly published: number;
}

export interface Server {
  readonly image: string;
  readonly protocol: 'tcp' | 'udp';
  /** What listens on the port. */
  readonly words: (port: number) => readonly string[];
  /** A file of the host that is copied into the container. */
  readonly program?: { readonly from: string; readonly to: string };
}

/** The port inside of a container. */
const inside = 8080;

export async function portServers(server: Server): Promise<PortServers> {
  const { protocol } = server;
  const publish = ['-p', `${inside}/${protocol}`];
  const container = await started(server, publish, inside);
  const idle = await ok(['run', '-d', ...publish, 'busybox', 'sleep', '10000']);
  const bare = await started(server, ['--network', 'host'], await takeRule(idle, protocol));
  return {
    plain: await portOf(idle, protocol),
    published: await portOf(container, protocol),
    [Symbol.asyncDispose]: async () => {
      await ok(['rm', '-f', container, idle, bare]);
    },
  };
}

async function started({ image, words, program }: Server, flags: readonly string[], port: number): Promise<string> {
  const id = await ok(['create', ...flags, image, ...words(port)]);
  if (program !== undefined) await ok(['cp', program.from, `${id}:${program.to}`]);
  await ok(['start', id]);
  return id;
}

/** Answers the guest's port that led to the container. */
async function takeRule(id: string, protocol: string): Promise<number> {
  const address = await ok(['inspect', '--format', '{{.NetworkSettings.IPAddress}}', id]);
  const map = `inet berth ${protocol}_ports`;
  const listed = await ok(['ssh', '--', 'nft', 'list', 'map', ...map.split(' ')]);
  const port = new RegExp(`(\\d+) : ${address.replaceAll('.', '\\.')} \\. ${inside}\\b`).exec(listed)?.[1];
  if (port === undefined) throw new Error(`no port of the guest leads to ${address}: ${listed}`);
  await ok(['ssh', '--', 'nft', 'delete', 'element', ...map.split(' '), `{ ${port} }`]);
  return Number(port);
}

async function portOf(id: string, protocol: string): Promise<number> {
  const numbers = await ok(['port', '--format', '{{.hostPort}}', id, `${inside}/${protocol}`]);
  return Number(numbers.split('\n')[0]);
}
