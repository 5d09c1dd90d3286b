/** The part of an OCI image's config that a container is made from (OCI image specification, config.md). Pure. */
import * as v from 'valibot';
import { EngineError } from '../../guest-agent/protocol/errors.ts';

const Strings = v.nullish(v.array(v.string()), []);
const Text = v.nullish(v.string(), '');
const Keys = v.pipe(
  v.nullish(v.record(v.string(), v.unknown()), {}),
  v.transform((record) => Object.keys(record)),
);

/** Nanoseconds; 0 or absent: the default. */
const Nano = v.nullish(v.number(), 0);

const ImageHealthcheck = v.object({
  Test: Strings,
  ...{ Interval: Nano, Timeout: Nano, StartPeriod: Nano, StartInterval: Nano },
  Retries: v.nullish(v.number(), 0),
});

const RunPart = v.object({
  Entrypoint: Strings,
  Cmd: Strings,
  Env: Strings,
  WorkingDir: Text,
  User: Text,
  Labels: v.nullish(v.record(v.string(), v.string()), {}),
  Volumes: Keys,
  ExposedPorts: Keys,
  StopSignal: Text,
  Healthcheck: v.nullish(ImageHealthcheck),
});

/** `Volumes` and `ExposedPorts` are the keys of the config's objects. */
export type ImageRunConfig = v.InferOutput<typeof RunPart>;

/** @throws EngineError `corrupt-content` */
export function imageRunConfig(config: unknown): ImageRunConfig {
  const parsed = v.safeParse(v.object({ config: v.nullish(RunPart, {}) }), config);
  if (parsed.success) return parsed.output.config;
  throw new EngineError('corrupt-content', `The image's config cannot be used: ${v.summarize(parsed.issues)}`, {
    hint: 'Remove the image and get it again.',
  });
}
