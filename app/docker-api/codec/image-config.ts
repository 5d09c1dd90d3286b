/** The stored OCI config of an image, as far as Docker's inspect shows it. */
import * as v from 'valibot';
import { Labels, Text, Words } from './decode.ts';

const Keys = v.pipe(
  v.nullish(v.record(v.string(), v.unknown()), {}),
  v.transform((record) => Object.keys(record)),
);

const RunPart = v.object({
  User: Text,
  ExposedPorts: Keys,
  Env: Words,
  Entrypoint: v.nullish(v.array(v.string())),
  Cmd: v.nullish(v.array(v.string())),
  Volumes: Keys,
  WorkingDir: Text,
  Labels: v.nullish(Labels),
  StopSignal: Text,
  Shell: v.nullish(v.array(v.string())),
  OnBuild: v.nullish(v.array(v.string())),
  // As Docker wrote it: in its own units.
  Healthcheck: v.nullish(v.record(v.string(), v.unknown())),
});
export type ImageRunPart = v.InferOutput<typeof RunPart>;

const HistoryEntry = v.object({
  created: Text,
  created_by: Text,
  comment: Text,
  empty_layer: v.nullish(v.boolean(), false),
});

const Config = v.object({
  config: v.nullish(RunPart, {}),
  created: Text,
  author: Text,
  architecture: Text,
  variant: Text,
  os: Text,
  rootfs: v.nullish(v.object({ type: Text, diff_ids: Words }), {}),
  history: v.nullish(v.array(HistoryEntry), []),
});
export type ImageConfig = v.InferOutput<typeof Config>;

/** What is damaged is shown as empty: an image that is listed can be looked at. */
export function imageConfig(stored: unknown): ImageConfig {
  const parsed = v.safeParse(Config, stored);
  return parsed.success ? parsed.output : v.parse(Config, {});
}
