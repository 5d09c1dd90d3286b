/** Datagrams to sink.c at the host's loopback address. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/until.ts';

const payload = Buffer.alloc(1200, 1);
const question = Buffer.alloc(1);
const seconds = 3;
/** Between two bursts. */
const pauseMs = 2;

/**
 * @param rate datagrams a second, sent in small bursts
 * @returns how many a second arrive
 */
export async function datagrams(port: number, rate: number): Promise<number> {
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  try {
    await arrived(socket);
    const begin = performance.now();
    let sent = 0;
    for (let passed = 0; passed < seconds * 1000; passed = performance.now() - begin) {
      for (const due = (passed * rate) / 1000; sent < due; sent++) await send(socket, payload);
      await delay(pauseMs);
    }
    const taken = (performance.now() - begin) / 1000;
    return (await arrived(socket)) / taken;
  } finally {
    socket.close();
  }
}

function send(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Asks until there is an answer: a question may be lost, too, when the server has just come. */
async function arrived(socket: Socket): Promise<number> {
  let answer: number | undefined;
  socket.once('message', (message) => (answer = Number(message.toString())));
  return until('an answer of the sink', async () => {
    await send(socket, question);
    await delay(200);
    return answer;
  });
}
