/**
 * Stands in for QEMU in tests of the backend: understands the arguments that matter, speaks QMP, and behaves as told by
 * the JSON in FAKE_QEMU.
 */
import { createServer, type Socket } from 'node:net';

interface Behaviour {
  /** Accelerators under which the guest prints nothing, ever. */
  readonly hangs?: readonly string[];
  /** Accelerators under which it ends at once with this message. */
  readonly fails?: Readonly<Record<string, string>>;
  /** QMP commands without any effect. */
  readonly deaf?: readonly string[];
  readonly ignoreTerm?: boolean;
}

const args = process.argv.slice(2);
if (args.includes('--version')) {
  console.log('QEMU emulator version 9.9.9 (fake)');
  process.exit(0);
}
const behaviour = JSON.parse(process.env['FAKE_QEMU'] ?? '{}') as Behaviour;
const accelerator = (args[args.indexOf('-accel') + 1] ?? '').split(',')[0] ?? '';
const failure = behaviour.fails?.[accelerator];
if (failure !== undefined) {
  console.error(failure);
  process.exit(1);
}
if (behaviour.ignoreTerm === true) process.on('SIGTERM', () => undefined);

const forwards = new Map<string, string>([['127.0.0.1 40022', '22']]);

function human(line: string): string {
  const [command, , target = ''] = line.split(' ');
  const [, host = '', port = '', guest = ''] = /^tcp:([\d.]*):(\d+)(?:-:(\d+))?$/.exec(target) ?? [];
  if (command === 'hostfwd_add' && port === '1') return "Could not set up host forwarding rule 'tcp'\r\n";
  if (command === 'hostfwd_add') forwards.set(`${host} ${port}`, guest);
  if (command === 'hostfwd_remove') forwards.delete(`${host} ${port}`);
  if (command !== 'info') return '';
  return [...forwards].map(([from, to]) => `  TCP[HOST_FORWARD]  9 ${from} 10.0.2.15 ${to} 0 0`).join('\r\n');
}

function execute(socket: Socket, message: { execute: string; id: number; arguments?: Record<string, string> }): void {
  const say = (value: unknown) => socket.write(`${JSON.stringify(value)}\r\n`);
  const { execute: command, id } = message;
  const result = command === 'human-monitor-command' ? human(message.arguments?.['command-line'] ?? '') : {};
  say({ return: result, id });
  if (behaviour.deaf?.includes(command) === true) return;
  if (command === 'system_powerdown') {
    say({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } });
    socket.end(() => process.exit(0));
  }
  if (command === 'quit') socket.end(() => process.exit(0));
}

const monitor = args.find((arg) => arg.includes('id=monitor')) ?? '';
createServer((socket) => {
  socket.on('error', () => undefined);
  socket.write('{"QMP":{"version":{},"capabilities":[]}}\r\n');
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) execute(socket, JSON.parse(line) as Parameters<typeof execute>[1]);
  });
}).listen(/path=([^,]*)/.exec(monitor)?.[1], () => {
  if (behaviour.hangs?.includes(accelerator) !== true) console.log(`berth: stage kernel-userland\nargs ${accelerator}`);
});
