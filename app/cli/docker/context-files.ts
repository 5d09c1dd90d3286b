/**
 * Contexts of the `docker` command: `contexts/meta/SHA256-OF-NAME/meta.json` in its folder; which one is in use is
 * `currentContext` of its `config.json` (github.com/docker/cli, cli/context/store).
 */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { readFileIfThere, writeFileAtomically } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';

export class DockerContexts {
  readonly #folder: string;

  /** @param env `DOCKER_CONFIG` names another folder than `~/.docker` */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#folder = env['DOCKER_CONFIG'] || join(homedir(), '.docker');
  }

  /** Written anew when it is there. */
  async install(name: string, description: string, host: string): Promise<void> {
    const path = join(this.#metaOf(name), 'meta.json');
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const meta = {
      Name: name,
      Metadata: { Description: description },
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
    };
    await writeFileAtomically(path, JSON.stringify(meta), 0o644);
  }

  /** A context that is in use leaves none in use: `docker` fails with one that is not there. */
  async remove(name: string): Promise<void> {
    await rm(this.#metaOf(name), { recursive: true, force: true });
    if ((await this.#config())['currentContext'] === name) await this.use(undefined);
  }

  async use(name: string | undefined): Promise<void> {
    // Undefined is not written.
    const config = { ...(await this.#config()), currentContext: name };
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFileAtomically(this.#configFile, `${JSON.stringify(config, undefined, '\t')}\n`);
  }

  get #configFile(): string {
    return join(this.#folder, 'config.json');
  }

  #metaOf(name: string): string {
    return join(this.#folder, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));
  }

  /** @throws EngineError `corrupt-content`: what cannot be read is not written over */
  async #config(): Promise<Readonly<Record<string, unknown>>> {
    const text = (await readFileIfThere(this.#configFile)) ?? '{}';
    try {
      const config: unknown = JSON.parse(text);
      if (typeof config === 'object' && config !== null) return config as Record<string, unknown>;
    } catch {
      // Told below.
    }
    throw new EngineError('corrupt-content', `${this.#configFile} is no JSON object.`, { hint: 'Mend or remove it.' });
  }
}

/** `berth` for the usual machine, `berth-NAME` for another. */
export function contextName(machine: string): string {
  return machine === 'default' ? 'berth' : `berth-${machine}`;
}
