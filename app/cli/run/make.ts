import { existsSync, writeFileSync } from 'node:fs';
import type { ControlClient } from '../../control/client.ts';
import { inheritedMounts } from '../../contract/inherited-mounts.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { Context } from '../context.ts';
import type { Input } from '../command/spec.ts';
import { badFlag } from '../command/usage-error.ts';
import { runConfig } from './config.ts';
import { ownHost } from './host.ts';
import { pullPolicy, withImage } from './image.ts';

/** Options and arguments of `run` and `create`; everything wrong in them is found before anything is started. */
export function readRun(context: Context, { args, options }: Input, detached: boolean): RunConfig {
  const [image = '', ...command] = args;
  const cidFile = options.text('cidfile');
  if (cidFile !== undefined && existsSync(cidFile))
    throw badFlag(
      '--cidfile',
      cidFile,
      'the file exists',
      'Remove it, or choose another; it may tell of a container that runs.',
    );
  pullPolicy(options);
  return runConfig({ options, image, command, detached }, ownHost(context.env));
}

export interface Wanted {
  readonly config: RunConfig;
  readonly signal?: AbortSignal;
  /** It is started at once: its host ports must be free. */
  readonly freePorts?: boolean;
}

/** As it was asked for, with what other containers have mounted. */
export async function withVolumesFrom(
  client: ControlClient,
  { options }: Input,
  config: RunConfig,
  signal?: AbortSignal,
): Promise<RunConfig> {
  const inspect = (id: string) => client.api.containers.inspect({ id }, signal);
  const inherited = await inheritedMounts(options.list('volumes-from'), config.mounts, inspect);
  return { ...config, mounts: [...config.mounts, ...inherited], volumesFrom: [...options.list('volumes-from')] };
}

/** Makes the container, from an image that is fetched first if need be, tells warnings, writes the id file. @returns its id */
export async function makeContainer(
  context: Context,
  client: ControlClient,
  input: Input,
  { config: asked, signal, freePorts = false }: Wanted,
): Promise<string> {
  const { options } = input;
  const config = await withVolumesFrom(client, input, asked, signal);
  const image = { config, policy: pullPolicy(options), quiet: options.flag('quiet'), signal };
  const made = await withImage(client, image, () =>
    client.api.containers.create({ name: options.text('name') ?? '', config, freePorts }, signal),
  );
  for (const warning of made.warnings) context.note(`warning: ${warning}`);
  const cidFile = options.text('cidfile');
  if (cidFile !== undefined) writeFileSync(cidFile, made.id, { flag: 'wx' });
  return made.id;
}
