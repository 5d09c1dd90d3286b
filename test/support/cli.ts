/** The real `berth`, bundled once per test file, driven as a process against a host service of fakes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { randomBytes } from 'node:crypto';
import { build } from 'esbuild';
import { hostFacts } from '../../app/base/platform.ts';
import { Listeners } from '../../app/base/disposable.ts';
import type { HostEvent } from '../../app/contract/index.ts';
import type { Api } from '../../app/control/host-service.ts';
import { serveControl } from '../../app/control/server.ts';
import { commandBundle } from '../../scripts/build/command-bundle.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const cliBundle = await bundle();

async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-cli-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'berth.mjs');
  await build(commandBundle(outfile));
  return outfile;
}

type Partly<G> = { readonly [K in keyof G]?: Partial<G[K]> };
export type FakeApi = Partly<Api>;

export interface FakeHost {
  readonly env: Record<string, string>;
  /** Machines that clients said hello for, in order. */
  readonly machines: string[];
  /** A token for a stream that is served by the function. */
  offer(serve: (stream: Duplex) => void): string;
  emit(event: HostEvent): void;
  readonly shutdowns: number;
}

interface Test {
  after(fn: () => Promise<void>): void;
}

/** @param api the methods that the test expects to be called; others answer "no such method" */
export async function fakeHost(t: Test, api: FakeApi): Promise<FakeHost> {
  const folder = await temporaryFolder(t);
  const streams = new Map<string, (stream: Duplex) => void>();
  const listeners = new Listeners<HostEvent>();
  const machines: string[] = [];
  let shutdowns = 0;
  const server = await serveControl({
    socketPath: join(folder, 'run', 'control.sock'),
    facts: hostFacts(),
    onInternalError: (method, error) => console.error(method, error),
    onShutdown: () => undefined,
    service: {
      version: '9.9.9',
      open: (machine) => {
        machines.push(machine);
        return Promise.resolve(api as Api);
      },
      takeStream: (token) => {
        const serve = streams.get(token);
        streams.delete(token);
        return serve;
      },
      onEvent: (listener) => listeners.add(listener),
      shutdown: () => {
        shutdowns += 1;
        return Promise.resolve();
      },
    },
  });
  t.after(async () => {
    await server[Symbol.asyncDispose]();
  });
  return {
    env: { BERTH_HOME: folder, NO_COLOR: '', BERTH_MACHINE: '' },
    machines,
    offer: (serve) => {
      const token = randomBytes(16).toString('hex');
      streams.set(token, serve);
      return token;
    },
    emit: (event) => void listeners.emit(event),
    get shutdowns() {
      return shutdowns;
    },
  };
}

/** Arguments of Node for `berth ARGS`; the "--" keeps Node from taking options such as --env-file for its own. */
export const nodeArguments = (...args: readonly string[]): string[] => ['--', cliBundle, ...args];

export const runningEngine = {
  state: () =>
    Promise.resolve({
      status: 'running' as const,
      accelerator: 'tcg',
      pid: 7,
      bootMs: 2000,
      startedAt: '2026-01-02T00:00:00Z',
      kernel: '6.12.0',
      agentVersion: '0.1.0',
      agentLost: false,
      warnings: [],
    }),
};
