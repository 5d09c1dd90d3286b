/** An ssh server in this process, as the guest's: one user key, a unix socket to forward to, a shell that echoes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { join } from '../../../app/base/streams.ts';
import { newKeyPair } from '../../../app/machine/keys.ts';

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  readonly clientKey: string;
  readonly hostKey: string;
  /** Ciphers and key exchange that the last client agreed to. */
  readonly negotiated: () => string;
  /** Ends every connection without a word. */
  drop(): void;
}

export async function sshServer(port = 0): Promise<SshServer> {
  const host = newKeyPair('test');
  const client = newKeyPair('test');
  const allowed = ssh2.utils.parseKey(client.public);
  if (allowed instanceof Error) throw allowed;
  const connections = new Set<Connection>();
  let cipher = '';
  const server = new ssh2.Server({ hostKeys: [host.private] }, (connection) => {
    connections.add(connection);
    connection.on('error', () => undefined).on('close', () => connections.delete(connection));
    connection.on('handshake', (negotiated) => (cipher = negotiated.cs.cipher));
    connection.on('authentication', (context) => {
      const ours = context.method === 'publickey' && context.key.data.equals(allowed.getPublicSSH());
      if (ours && context.username === 'root') context.accept();
      else context.reject();
    });
    connection.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
      const inner = connect({ path: socketPath, allowHalfOpen: true });
      inner.once('connect', () => void join(accept(), inner)).once('error', () => reject());
    });
    connection.on('tcpip', (accept, reject, { destPort }) => {
      const inner = connect({ port: destPort, host: '127.0.0.1', allowHalfOpen: true });
      inner.once('connect', () => void join(accept(), inner)).once('error', () => reject());
    });
    connection.on('session', (accept) => {
      const session = accept();
      let size = 'none';
      session.on('pty', (go, _reject, { cols, rows }) => {
        size = `${cols}x${rows}`;
        go();
      });
      session.on('window-change', (go: (() => void) | undefined, _reject, { cols, rows }) => {
        size = `${cols}x${rows}`;
        go?.();
      });
      session.on('exec', (go, _reject, { command }) => {
        const channel = go();
        session.on('signal', (_go, _refuse, { name }) => {
          channel.exit(name, false, '');
          channel.end();
        });
        if (command === 'sleep') return;
        channel.stderr.write('warning');
        channel
          .on('data', (bytes: Buffer) => channel.write(bytes))
          .on('end', () => {
            channel.write(`${command} ${size}`);
            channel.exit(3);
            channel.end();
          });
      });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const connection of connections) (connection as unknown as { _sock: Socket })._sock.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    clientKey: client.private,
    hostKey: host.public,
    negotiated: () => cipher,
    drop,
    async [Symbol.asyncDispose]() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
