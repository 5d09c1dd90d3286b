/** What a container runs: the image's config merged with the user's words by Docker's rules. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { ContainerSpec } from '../../guest-agent/protocol/index.ts';
import type { RunConfig } from '../contract/run-config.ts';
import type { ImageRunConfig } from './image-config-spec.ts';

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The user's entrypoint drops the image's command; without one, the user's command replaces the image's command alone.
 * An empty list keeps the image's command and drops its entrypoint; a list of one empty word (`--entrypoint ""`) drops both.
 * @throws EngineError `invalid-argument` when nothing is left to run.
 */
export function commandOf(
  config: Pick<RunConfig, 'command' | 'entrypoint'>,
  image: ImageRunConfig,
): Required<Pick<ContainerSpec, 'argv' | 'entrypoint'>> {
  const own = config.entrypoint;
  const entrypoint = own?.length === 1 && own[0] === '' ? [] : (own ?? image.Entrypoint);
  const command = config.command.length > 0 || (own?.length ?? 0) > 0 ? config.command : image.Cmd;
  const argv = [...entrypoint, ...command];
  if (argv.length > 0) return { argv, entrypoint };
  throw new EngineError('invalid-argument', 'No command was given, and the image has none.', {
    hint: 'Name a command behind the image.',
  });
}

/** The image's variables with the user's over them, in the image's order; a default PATH, and TERM with a terminal. A name alone takes a variable away. */
export function envOf(config: Pick<RunConfig, 'env' | 'tty'>, image: ImageRunConfig): string[] {
  const named = new Map<string, string>();
  const defaults = [defaultPath, ...(config.tty ? ['TERM=xterm'] : [])];
  for (const variable of [...defaults, ...image.Env, ...config.env])
    if (/^[^=]+$/.test(variable)) named.delete(variable);
    else named.set(nameOf(variable), variable);
  return [...named.values()];
}

function nameOf(variable: string): string {
  const end = variable.indexOf('=');
  if (end > 0) return variable.slice(0, end);
  throw new EngineError('invalid-argument', `${JSON.stringify(variable)} is not a variable: NAME=value is needed.`, {
    hint: 'Write it as NAME=value.',
  });
}
