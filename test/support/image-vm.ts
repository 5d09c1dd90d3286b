/** Boots a built guest image in QEMU without the product: the image, the real agent's disk, a data disk, a console. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newcArchive } from '../../app/base/cpio.ts';
import { buildImage } from '../../vm-images/build.ts';
import type { GuestArch } from '../../vm-images/inputs.ts';
import { until } from './until.ts';

const root = join(import.meta.dirname, '../..');

const machines = {
  amd64: { program: 'qemu-system-x86_64', args: ['-M', 'q35', '-cpu', 'Nehalem,+rdrand'], console: 'ttyS0' },
  arm64: {
    program: 'qemu-system-aarch64',
    args: ['-M', 'virt,gic-version=3', '-cpu', 'cortex-a72', '-device', 'virtio-keyboard-pci'],
    console: 'ttyAMA0',
  },
} as const;

export interface ImageVm {
  readonly console: () => string;
  /** Waits for text on the console. */
  readonly says: (text: string) => Promise<void>;
  /** Presses the power button and waits until the machine is off. */
  readonly powerButton: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

export async function bootImage(arch: GuestArch, folder: string, dataDisk: string): Promise<ImageVm> {
  const image = await buildImage({ arch, cacheDir: join(root, '.cache') });
  const machine = machines[arch];
  const initrd = join(folder, `${arch}.initrd`);
  const file = (name: string, text: string) => ({
    path: `berth-config/${name}`,
    mode: 0o100600,
    data: Buffer.from(text),
  });
  const directory = { path: 'berth-config', mode: 0o040700, data: new Uint8Array() };
  const config = newcArchive([directory, file('hostname', 'image-test\n'), file('agent.json', '{}\n')]);
  await writeFile(initrd, Buffer.concat([await readFile(join(image.folder, image.initrd.file)), config]));
  const disks = [join(image.folder, image.root.file), join(root, 'dist/agent', `${arch}.erofs`), dataDisk];
  const drives = disks.flatMap((path, n) => [
    '-drive',
    `if=none,id=d${n},format=raw,file=${path},readonly=${n < 2 ? 'on' : 'off'}${n < 2 ? '' : ',discard=unmap'}`,
    '-device',
    `virtio-blk-pci,drive=d${n}`,
  ]);
  const words = [
    `console=${machine.console}`,
    image.cmdline,
    image.emulationCmdline,
    'berth.net=10.0.2.15/24,10.0.2.2',
  ];
  const qmp = join(folder, `${arch}.qmp`);
  const child = spawn(
    machine.program,
    [
      ...machine.args,
      '-accel',
      'tcg',
      '-smp',
      '2',
      '-m',
      '1024',
      '-nodefaults',
      '-display',
      'none',
      '-no-reboot',
    ].concat(
      ['-kernel', join(image.folder, image.kernel.file), '-initrd', initrd, '-append', words.join(' '), ...drives],
      ['-netdev', 'user,id=n', '-device', 'virtio-net-pci,netdev=n'],
      ['-serial', 'stdio', '-qmp', `unix:${qmp},server=on,wait=off`],
    ),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()));
  const off = once(child, 'exit');
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    console: () => text,
    says: async (wanted) => {
      await until(`"${wanted}" on the console`, () => text.includes(wanted) || ended(), 90_000).catch(
        (cause: unknown) => {
          throw new Error(`the console says:\n${text}`, { cause });
        },
      );
      if (!text.includes(wanted)) throw new Error(`the machine ended without "${wanted}":\n${text}`);
    },
    powerButton: async () => {
      const key = { keys: [{ type: 'qcode', data: 'power' }] };
      await command(qmp, arch === 'arm64' ? { execute: 'send-key', arguments: key } : { execute: 'system_powerdown' });
      await off;
    },
    kill: async () => {
      if (ended()) return;
      child.kill('SIGKILL');
      await off;
    },
  };
}

async function command(socket: string, request: object): Promise<void> {
  const stream = connect(socket);
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  await lines.next();
  for (const one of [{ execute: 'qmp_capabilities' }, request]) {
    stream.write(`${JSON.stringify(one)}\n`);
    await lines.next();
  }
  stream.destroy();
}

export interface Superblock {
  readonly isExt4: boolean;
  readonly blocks: number;
  /** The journal holds what was not written back: the file system was not unmounted. */
  readonly needsRecovery: boolean;
}

/** kernel Documentation/filesystems/ext4/super.rst */
export async function superblock(disk: string): Promise<Superblock> {
  await using file = await open(disk);
  const { buffer } = await file.read(Buffer.alloc(1024), 0, 1024, 1024);
  return {
    isExt4: buffer.readUInt16LE(0x38) === 0xef53,
    blocks: buffer.readUInt32LE(4),
    needsRecovery: (buffer.readUInt32LE(0x60) & 4) !== 0,
  };
}
