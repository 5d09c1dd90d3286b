import * as v from 'valibot';
import { readFileIfThere, writeFileAtomically } from '../../../base/atomic-file.ts';
import { accelerators, type Accelerator } from '../../accelerator.ts';

const Verdict = v.object({
  /** Boot of the host, QEMU's version, the kernel's digest: with another of them the trial is made anew. */
  situation: v.string(),
  accelerator: v.picklist(accelerators),
  works: v.boolean(),
  reason: v.string(),
  /** ISO 8601. */
  at: v.string(),
});
export type Verdict = v.InferOutput<typeof Verdict>;

const File = v.pipe(v.string(), v.parseJson(), v.object({ verdicts: v.array(Verdict) }));

const KEPT = 32;

/** Which accelerators booted a guest and which did not, remembered over runs in one small file. */
export class Verdicts {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** All that is remembered, newest first. A damaged file counts as empty: the trials are made again. */
  async list(): Promise<Verdict[]> {
    const parsed = v.safeParse(File, await readFileIfThere(this.#path));
    return parsed.success ? parsed.output.verdicts : [];
  }

  async of(situation: string): Promise<Verdict[]> {
    return (await this.list()).filter((verdict) => verdict.situation === situation);
  }

  async remember(situation: string, accelerator: Accelerator, works: boolean, reason: string): Promise<void> {
    const others = (await this.list()).filter(
      (known) => known.situation !== situation || known.accelerator !== accelerator,
    );
    const verdict: Verdict = { situation, accelerator, works, reason, at: new Date().toISOString() };
    await this.#write([verdict, ...others].slice(0, KEPT));
  }

  /** Every accelerator gets a new trial at the next boot. */
  async forget(): Promise<void> {
    await this.#write([]);
  }

  #write(verdicts: Verdict[]): Promise<void> {
    return writeFileAtomically(this.#path, `${JSON.stringify({ verdicts }, undefined, 2)}\n`);
  }
}
