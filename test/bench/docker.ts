/**
 * The Docker socket, by the real `docker` command: runs and execs against Debian's dockerd in the same guest, reached by
 * ssh as ours is, and how long an event takes to a client of the socket against one of the control socket.
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectControl } from '../../app/control/client.ts';
import { command, ok } from '../support/berth.ts';
import { dockerIsHere } from '../support/docker-command.ts';
import { bringRivals, forwardRival, rivals } from '../support/rivals.ts';
import { median, row, type Row } from './report.ts';

/** A Docker socket of the host. */
type Docker = (...words: string[]) => Promise<string>;

export interface DockerBench {
  readonly add: (row: Row) => void;
  /** The BERTH_HOME, whose service runs. */
  readonly home: string;
  readonly rounds: number;
}

export async function docker(bench: DockerBench): Promise<void> {
  if (!dockerIsHere) {
    console.error('docker: left out, for the docker command is not installed (Debian: docker-cli)');
    return;
  }
  const { home } = bench;
  await ok(['start', '-q'], { limitMs: 240_000 });
  await bringRivals('docker', 'podman');
  await ok(['ssh', '--', `${rivals}/run`, 'docker', 'version'], { limitMs: 120_000 });
  const socket = join(home, 'rival.sock');
  const forwarding = await forwardRival(home, socket);
  try {
    await compare(bench, clientOf(home, join(home, 'run/default/docker.sock')), clientOf(home, socket));
  } finally {
    forwarding.kill();
  }
  await events(bench);
}

function clientOf(home: string, socket: string): Docker {
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(home, 'docker-config') };
  return async (...words) => {
    const { code, stdout, stderr } = await command('docker', words, { env });
    if (code !== 0) throw new Error(`docker ${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
}

async function compare({ add, home, rounds }: DockerBench, ours: Docker, theirs: Docker): Promise<void> {
  const archive = join(home, 'busybox.tar');
  await ours('save', '-o', archive, 'busybox');
  await theirs('load', '-q', '-i', archive);
  const run = (docker: Docker) => () => docker('run', '--rm', 'busybox', 'true');
  await turns(add, 'run', rounds, { ours: run(ours), theirs: run(theirs) });
  const idle = (docker: Docker) => docker('run', '-d', 'busybox', 'sleep', '10000');
  const [own, rival] = await Promise.all([idle(ours), idle(theirs)]);
  await turns(add, 'exec', rounds, {
    ours: () => ours('exec', own, 'true'),
    theirs: () => theirs('exec', rival, 'true'),
  });
  await Promise.all([ours('rm', '-f', own), theirs('rm', '-f', rival)]);
}

/** Both take turns, so that what else the machine does slows both alike; the first ones do not count. */
async function turns(
  add: (row: Row) => void,
  what: string,
  rounds: number,
  { ours, theirs }: Record<'ours' | 'theirs', () => Promise<unknown>>,
): Promise<void> {
  const mine: number[] = [];
  const rival: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const [a, b] = [await milliseconds(theirs), await milliseconds(ours)];
    if (round < 0) continue;
    rival.push(a);
    mine.push(b);
  }
  add(row(`docker/${what}/dockerd`, 'ms', rival));
  add(row(`docker/${what}`, 'ms', mine, { floor: median(rival), target: 0.25 }));
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** A container is renamed; both clients wait for the word of it. */
async function events({ add, home, rounds }: DockerBench): Promise<void> {
  const id = await ok(['create', 'busybox', 'true']);
  const options = { socketPath: join(home, 'run/control.sock'), machine: 'default', clientVersion: 'bench' };
  using control = await connectControl(options);
  await control.hello;
  using stream = await dockerEvents(join(home, 'run/default/docker.sock'));
  const rpc: number[] = [];
  const socket: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = `bench-${round}`;
    const { promise, resolve } = Promise.withResolvers<number>();
    const listening = control.onEvent((event) => {
      if (event.kind === 'guest' && event.changed.action === 'rename') resolve(performance.now());
    });
    const begin = performance.now();
    const heard = stream.lines.next();
    await control.api.containers.rename({ id, name });
    await heard;
    socket.push(performance.now() - begin);
    rpc.push((await promise) - begin);
    listening[Symbol.dispose]();
  }
  await ok(['rm', id]);
  add(row('docker/event/rpc', 'ms', rpc));
  add(row('docker/event', 'ms', socket, { floor: median(rpc), target: 1.5 }));
}

/** Renames, from now on; the socket has begun to tell them when this resolves. */
async function dockerEvents(socketPath: string): Promise<{ lines: AsyncIterator<string> } & Disposable> {
  const filters = encodeURIComponent(JSON.stringify({ event: ['rename'] }));
  const asked = request({ socketPath, path: `/events?filters=${filters}` }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const lines = createInterface({ input: answer })[Symbol.asyncIterator]();
  return { lines, [Symbol.dispose]: () => answer.destroy() };
}
