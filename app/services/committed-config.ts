/** The configuration of an image that is made from a container: the image's, with what the container was told over it. */
import type { ContainerSpec } from '../../guest-agent/protocol/index.ts';
import { commandWords } from '../contract/command-words.ts';
import { exposedPorts } from '../contract/exposed-ports.ts';
import type { OciImageConfig } from '../content/oci.ts';

export type RunPart = NonNullable<OciImageConfig['config']>;

export interface CommitNote {
  readonly author: string;
  readonly comment: string;
  /** RFC 3339. */
  readonly created: string;
}

/** What containers of the new image run by default: what this one ran. */
export function committedRun(image: RunPart, spec: ContainerSpec): RunPart {
  const { User, WorkingDir, StopSignal } = image;
  return {
    ...image,
    ...commandOf(image, spec),
    Env: spec.env,
    User: spec.user || User,
    WorkingDir: spec.workdir === '/' ? WorkingDir : spec.workdir,
    Labels: { ...image.Labels, ...spec.labels },
    StopSignal: spec.stopSignal === 'SIGTERM' ? StopSignal : spec.stopSignal,
    ExposedPorts: { ...image.ExposedPorts, ...Object.fromEntries(exposedPorts(spec).map((port) => [port, {}])) },
  };
}

/**
 * A configuration that was given, with the container's where it is empty, as dockerd merges them: lists of words and maps
 * are joined, the entrypoint and the command only come together.
 */
export function mergedRun(given: RunPart, own: RunPart): RunPart {
  const { Env = [], Entrypoint, Cmd = [], Labels, ExposedPorts, Volumes } = given;
  const named = new Set(Env.map(nameOf));
  const others = (own.Env ?? []).filter((variable) => !named.has(nameOf(variable)));
  const hasCommand = Cmd.length > 0 || (Entrypoint ?? []).length > 0;
  return {
    ...given,
    User: given.User || own.User,
    WorkingDir: given.WorkingDir || own.WorkingDir,
    Env: [...Env, ...others],
    Labels: { ...own.Labels, ...Labels },
    ExposedPorts: { ...own.ExposedPorts, ...ExposedPorts },
    Volumes: { ...own.Volumes, ...Volumes },
    Cmd: hasCommand ? Cmd : own.Cmd,
    Entrypoint: Entrypoint ?? own.Entrypoint,
    Healthcheck: given.Healthcheck ?? own.Healthcheck,
  };
}

function nameOf(variable: string): string {
  return variable.slice(0, (variable + '=').indexOf('='));
}

function commandOf({ Entrypoint }: RunPart, spec: ContainerSpec): Pick<RunPart, 'Cmd' | 'Entrypoint'> {
  const { entrypoint, command } = commandWords(spec, Entrypoint);
  return { Entrypoint: entrypoint.length > 0 ? entrypoint : undefined, Cmd: command };
}

export function committedConfig(
  image: OciImageConfig,
  run: RunPart,
  { author, comment, created }: CommitNote,
  argv: readonly string[],
): Omit<OciImageConfig, 'rootfs'> {
  const { os, architecture, variant, history } = image;
  const made = { created, created_by: argv.join(' '), ...(author && { author }), ...(comment && { comment }) };
  const known = history ?? image.rootfs.diff_ids.map(() => ({}));
  return { os, architecture, variant, created, ...(author && { author }), config: run, history: [...known, made] };
}
