/**
 * System calls that Node has no name for, through the C library by koffi. They run on the main thread and block it: only
 * calls that the kernel answers at once belong here. The library is loaded for the first of them.
 */
import { EngineError } from '../../protocol/errors.ts';
import { errnoName } from './failure.ts';

export interface Calls {
  mount(source: string, target: string, type: string, flags: bigint, data: string): number;
  umount2(target: string, flags: number): number;
  setns(fd: number, kind: number): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  close(fd: number): number;
  /** Of bpf(2), which the C library has no function for. */
  syscall(number: number, command: number, argument: Buffer, length: number): number;
}

const declarations: Readonly<Record<keyof Calls, string>> = {
  mount: 'int mount(const char *, const char *, const char *, unsigned long, const char *)',
  umount2: 'int umount2(const char *, int)',
  setns: 'int setns(int, int)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, unsigned int)',
  setsockopt: 'int setsockopt(int, int, int, const void *, unsigned int)',
  send: 'long send(int, const void *, unsigned long, int)',
  recv: 'long recv(int, _Out_ void *, unsigned long, int)',
  ioctl: 'int ioctl(int, unsigned long, _Inout_ void *)',
  close: 'int close(int)',
  syscall: 'long syscall(long, int, _Inout_ void *, unsigned int)',
};

/** The calls, and one that turns a negative answer into an error. */
export interface Kernel {
  /**
   * @param what the call and what it works on, for the message
   * @throws EngineError `operation-failed` with data.errno and data.errnoName
   */
  readonly call: (what: string, work: (calls: Calls) => number) => number;
  readonly errno: () => number;
}

let loading: Promise<Kernel> | undefined;

export function kernel(): Promise<Kernel> {
  return (loading ??= load());
}

async function load(): Promise<Kernel> {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load('libc.so.6');
  const calls = Object.fromEntries(
    Object.entries(declarations).map(([name, declaration]) => [name, libc.func(declaration) as unknown]),
  ) as unknown as Calls;
  const errno = (): number => koffi.errno();
  return {
    errno,
    call: (what, work) => {
      const answer = work(calls);
      if (answer >= 0) return answer;
      throw failedCall(what, errno());
    },
  };
}

export function failedCall(what: string, errno: number, detail = ''): EngineError {
  const name = errnoName(errno);
  const code = name === 'ENOSPC' ? 'disk-full' : 'operation-failed';
  return new EngineError(code, `${what} failed: ${name}${detail === '' ? '' : ` (${detail})`}.`, {
    hint: 'The kernel’s own messages say more: `berth ssh -- dmesg`.',
    data: { errno, errnoName: name },
  });
}
