import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isErrno, readFileIfThere, writeFileAtomically } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import { MachineSettings } from '../contract/machine.ts';
import { checkMachineName, isMachineName } from './machine-name.ts';

const Stored = v.object({ version: v.literal(1), settings: v.partial(MachineSettings) });

/** Where one machine's files are. */
export interface MachineFolder {
  readonly name: string;
  readonly path: string;
  readonly settingsFile: string;
  readonly dataDisk: string;
}

/** The named machines of one user: a folder each, with settings, keys and disk. */
export class MachineStore {
  readonly #root: string;

  /** @param dataDir `StateDirs.data` */
  constructor(dataDir: string) {
    this.#root = join(dataDir, 'machines');
  }

  /** @throws EngineError `invalid-argument` for a name that cannot be one. */
  folder(name: string): MachineFolder {
    const path = join(this.#root, checkMachineName(name));
    return { name, path, settingsFile: join(path, 'machine.json'), dataDisk: join(path, 'data.raw') };
  }

  /** Names in order; a machine exists once its settings were written. */
  async list(): Promise<string[]> {
    const entries = await readdir(this.#root, { withFileTypes: true }).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    // Beside the machines are the locks of those that run.
    const folders = entries.filter((entry) => entry.isDirectory() && isMachineName(entry.name));
    const names = folders.map((entry) => entry.name);
    const there = await Promise.all(names.map(async (name) => (await this.#stored(name)) !== undefined));
    return names.filter((_, index) => there[index]).sort();
  }

  /**
   * Its settings, completed by the defaults; made with them when it is new.
   * @throws EngineError `invalid-argument` naming the file when it is damaged.
   */
  async open(name: string, defaults: MachineSettings): Promise<MachineSettings> {
    const stored = await this.#stored(name);
    if (stored === undefined) await this.#write(name, {});
    return { ...defaults, ...stored };
  }

  /** Only what a person changed is kept, so that defaults follow the host. */
  async change(name: string, change: Partial<MachineSettings>): Promise<void> {
    await this.#write(name, { ...(await this.#stored(name)), ...change });
  }

  /** Removes the machine with its disk and keys. */
  async remove(name: string): Promise<void> {
    const { path } = this.folder(name);
    if ((await this.#stored(name)) === undefined)
      throw new EngineError('no-such-machine', `There is no machine named ${name}.`, {
        hint: 'See "berth machine ls".',
      });
    await rm(path, { recursive: true, force: true });
  }

  async #write(name: string, settings: Partial<MachineSettings>): Promise<void> {
    const { path, settingsFile } = this.folder(name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFileAtomically(settingsFile, `${JSON.stringify({ version: 1, settings }, undefined, 2)}\n`);
  }

  async #stored(name: string): Promise<Partial<MachineSettings> | undefined> {
    const { settingsFile } = this.folder(name);
    const text = await readFileIfThere(settingsFile);
    if (text === undefined) return undefined;
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Stored), text);
    if (parsed.success) return parsed.output.settings;
    throw new EngineError('invalid-argument', `${settingsFile} is damaged: ${v.summarize(parsed.issues)}`, {
      hint: 'Correct the file, or remove it to start from the defaults (the disk is kept).',
    });
  }
}
