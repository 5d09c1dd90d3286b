/** The part of an image's configuration that a commit may give, with the names of the OCI image specification. */
import * as v from 'valibot';

const Words = v.optional(v.array(v.string()));
const Names = v.optional(v.record(v.string(), v.object({})));

export const CommitConfig = v.object({
  User: v.optional(v.string()),
  ExposedPorts: Names,
  Env: Words,
  Entrypoint: Words,
  Cmd: Words,
  Volumes: Names,
  WorkingDir: v.optional(v.string()),
  Labels: v.optional(v.record(v.string(), v.string())),
  StopSignal: v.optional(v.string()),
  OnBuild: Words,
  /** Nanoseconds; 0: the default. */
  Healthcheck: v.optional(
    v.object({
      Test: v.array(v.string()),
      ...{ Interval: v.number(), Timeout: v.number(), StartPeriod: v.number(), StartInterval: v.number() },
      Retries: v.number(),
    }),
  ),
});
