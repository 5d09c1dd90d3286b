/** The body of `POST /commit`: a container's configuration, of which those parts go into the image that images have. */
import * as v from 'valibot';
import type { CommitParams } from '../../contract/host-api.ts';
import { decode, Words } from './decode.ts';
import { CreateRequest } from './host-config.ts';

const parts = ['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels'] as const;
const CommitRequest = v.object({
  ...v.pick(CreateRequest, [...parts, 'StopSignal', 'Healthcheck']).entries,
  OnBuild: Words,
});

/** Undefined for an empty body, and for the `null` that the command sends. @throws EngineError `invalid-argument` */
export function commitConfig(body: unknown): CommitParams['config'] {
  if (body === undefined || body === null) return undefined;
  const { Cmd, Entrypoint, Healthcheck, ...asked } = decode(CommitRequest, body);
  const names = (record: object) => Object.fromEntries(Object.keys(record).map((name) => [name, {}]));
  return {
    ...asked,
    ...{ ExposedPorts: names(asked.ExposedPorts), Volumes: names(asked.Volumes) },
    ...(Cmd && { Cmd }),
    ...(Entrypoint && { Entrypoint }),
    ...(Healthcheck && { Healthcheck }),
  };
}
