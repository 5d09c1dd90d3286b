import type { ControlClient } from '../control/client.ts';
import { EngineError } from '../base/error.ts';
import { note, print } from './output.ts';

/**
 * What a command needs to be there. `running`: an engine that runs already. `service`: the host service, started when it
 * is not. `engine`: a running engine, started when it is not.
 */
export type Need = 'running' | 'service' | 'engine';

export interface Globals {
  readonly machine: string;
  readonly debug: boolean;
}

/** What one call of the command works with; connections made through it end with it. */
export class Context implements Disposable {
  readonly env: NodeJS.ProcessEnv;
  readonly globals: Globals;
  readonly #clients: ControlClient[] = [];

  constructor(env: NodeJS.ProcessEnv, globals: Globals) {
    this.env = env;
    this.globals = globals;
  }

  print(...lines: readonly string[]): void {
    print(...lines);
  }

  note(...lines: readonly string[]): void {
    note(...lines);
  }

  /** @param quiet no progress while the engine starts */
  async connect(need: Need, quiet = false): Promise<ControlClient> {
    const { reach } = await import('./reach.ts');
    const client = await reach({ context: this, need, quiet });
    this.#clients.push(client);
    return client;
  }

  /** Undefined when no host service runs. */
  connectIfThere(): Promise<ControlClient | undefined> {
    return this.askIfThere(async (client) => {
      await client.hello;
      return client;
    });
  }

  /** What `ask` answers; undefined when no host service runs, or it ends meanwhile. */
  async askIfThere<T>(ask: (client: ControlClient) => Promise<T>): Promise<T | undefined> {
    try {
      const { connectTo } = await import('./reach.ts');
      const client = await connectTo(this);
      this.#clients.push(client);
      return await ask(client);
    } catch (error) {
      if (error instanceof EngineError && error.code === 'unreachable') return undefined;
      throw error;
    }
  }

  /** The same command for another machine. */
  forMachine(machine: string): Context {
    return new Context(this.env, { ...this.globals, machine });
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }
}
