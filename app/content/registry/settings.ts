/** What the user sets about registries: `registries.json` in the data folder. docs/registries.md explains it. */
import * as v from 'valibot';
import { readFileIfThere } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';

const hosts = v.optional(v.array(v.string()), []);

const settingsSchema = v.strictObject({
  /** Registry → where to look first, in order: `https://HOST[/PREFIX]`. */
  mirrors: v.optional(v.record(v.string(), v.array(v.pipe(v.string(), v.url()))), {}),
  /** Hosts (`HOST` or `HOST:PORT`) whose certificate is not checked, and that may speak plain HTTP. */
  insecure: hosts,
  /** Hosts that speak plain HTTP. */
  plainHttp: hosts,
  /** PEM files of certificate authorities that are trusted besides the system's. */
  caFiles: v.optional(v.array(v.string()), []),
});
export type RegistrySettings = v.InferOutput<typeof settingsSchema>;

/** Nothing is set where there is no file. @throws EngineError `invalid-argument` naming file and field. */
export async function readSettings(file: string): Promise<RegistrySettings> {
  const text = (await readFileIfThere(file)) ?? '{}';
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), settingsSchema), text);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new EngineError('invalid-argument', `${file}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}.`, {
    hint: 'It may have "mirrors", "insecure", "plainHttp" and "caFiles"; docs/registries.md shows them.',
  });
}
