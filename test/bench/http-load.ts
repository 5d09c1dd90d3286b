/** How many requests and connections a second an HTTP server at the host's loopback address answers, with eight at a time. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Agent, request, type IncomingMessage } from 'node:http';

const atATime = 8;
const seconds = 2;

/** Over connections that stay. */
export async function requestsPerSecond(port: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: atATime });
  try {
    return await perSecond(async () => {
      const asked = request({ host: '127.0.0.1', port, path: '/', agent }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
    });
  } finally {
    agent.destroy();
  }
}

/** Each with one request, whose answer ends it. */
export function connectionsPerSecond(port: number): Promise<number> {
  return perSecond(async () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write('GET / HTTP/1.0\r\n\r\n');
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    await once(socket, 'close');
    if (received === 0) throw new Error('a connection ended without an answer');
  });
}

async function perSecond(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  const over = begin + seconds * 1000;
  let done = 0;
  const one = async (): Promise<void> => {
    for (; performance.now() < over; done++) await work();
  };
  await Promise.all(Array.from({ length: atATime }, one));
  return (done * 1000) / (performance.now() - begin);
}
