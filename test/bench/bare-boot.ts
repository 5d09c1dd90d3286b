/** The floor of a boot: the machine and the kernel of ours, with nothing but an init that says a line. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { newcArchive } from '../../app/base/cpio.ts';

const run = promisify(execFile);

/** What makes a machine of QEMU: board, accelerator, processor, memory, and the kernel that it boots. */
const machineFlags = ['-machine', '-accel', '-cpu', '-smp', '-m', '-kernel'];

interface Machine {
  readonly program: string;
  readonly args: readonly string[];
}

/** The machine of a running QEMU by its own command line, so that the floor is that of what was measured. */
export async function sameMachine(pid: number): Promise<Machine> {
  const [program = '', ...words] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const args = words.flatMap((word, index) => {
    const value = words[index + 1] ?? '';
    const isMachine = machineFlags.includes(word) || (word === '-object' && value.startsWith('memory-backend'));
    return isMachine ? [word, value] : [];
  });
  for (const flag of machineFlags) if (!args.includes(flag)) throw new Error(`the running machine has no ${flag}`);
  return { program, args };
}

function bootOnce(program: string, args: readonly string[]): Promise<number> {
  const begin = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let text = '';
  let taken: number | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (text.includes('bench: userland')) taken ??= performance.now() - begin;
  });
  child.on('error', reject);
  child.on('close', () => {
    if (taken === undefined) reject(new Error(`bare boot: no userland; console: ${text.slice(-500)}`));
    else resolve(taken);
  });
  return promise;
}

/** Milliseconds from spawning QEMU to the first line of a bare init, `rounds` times. */
export async function bareBoot(dir: string, { program, args: machine }: Machine, rounds: number): Promise<number[]> {
  await mkdir(dir, { recursive: true });
  await run('musl-gcc', [
    '-static',
    '-Os',
    '-o',
    join(dir, 'init'),
    fileURLToPath(new URL('./guest/init.c', import.meta.url)),
  ]);
  const initrd = join(dir, 'bare.cpio');
  await writeFile(
    initrd,
    newcArchive([
      { path: 'init', mode: 0o100755, data: await readFile(join(dir, 'init')) },
      { path: 'dev', mode: 0o040755, data: new Uint8Array() },
    ]),
  );
  const args = [
    ...machine,
    '-nodefaults',
    '-display',
    'none',
    '-no-user-config',
    '-no-reboot',
    '-serial',
    'stdio',
    '-initrd',
    initrd,
    '-append',
    'console=ttyS0 quiet tsc=reliable panic=-1',
  ];
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) times.push(await bootOnce(program, args));
  return times;
}
