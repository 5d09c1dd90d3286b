/** The image of `run` and `create`: fetched when it is not here, or always, or never (`--pull`, as Docker has it). */
import { EngineError } from '../../base/error.ts';
import type { ControlClient } from '../../control/client.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { Options } from '../command/options.ts';
import { badFlag } from '../command/usage-error.ts';

const policies = ['missing', 'always', 'never'] as const;
export type PullPolicy = (typeof policies)[number];

export function pullPolicy(options: Options): PullPolicy {
  const text = options.text('pull') ?? 'missing';
  const policy = policies.find((known) => known === text);
  if (policy === undefined) throw badFlag('--pull', text, 'it is not a policy', 'Use missing, always or never.');
  return policy;
}

export interface ImageWanted {
  readonly config: RunConfig;
  readonly policy: PullPolicy;
  readonly quiet: boolean;
  readonly signal?: AbortSignal;
}

/** Does what needs the image of the configuration, with the image fetched as the policy says. */
export async function withImage<T>(client: ControlClient, wanted: ImageWanted, work: () => Promise<T>): Promise<T> {
  if (wanted.policy === 'always') await pull(client, wanted);
  try {
    return await work();
  } catch (error) {
    if (wanted.policy !== 'missing' || !isMissing(error, wanted.config)) throw error;
    await pull(client, wanted).catch((cause: unknown) => {
      throw bothFailed(error, cause);
    });
  }
  return work();
}

/** An image of another platform is of no use, unless that very one was asked for. */
function isMissing(error: unknown, { platform }: RunConfig): error is EngineError {
  if (!(error instanceof EngineError)) return false;
  return error.code === 'no-such-image' || (error.code === 'wrong-platform' && platform === '');
}

function bothFailed(missing: EngineError, cause: unknown): unknown {
  if (!(cause instanceof EngineError) || cause.code === 'cancelled') return cause;
  const { code, message, hint, data } = cause;
  const told = `${missing.message.replace(/\.$/, '')}, and fetching it failed: ${message}`;
  return new EngineError(code, told, { hint, data, cause });
}

async function pull(client: ControlClient, { config, quiet, signal }: ImageWanted): Promise<void> {
  const { withTransfers } = await import('../shared/transfer.ts');
  const { image: reference, platform } = config;
  await withTransfers(client, quiet, (transfer) => client.api.images.pull({ reference, platform, transfer }, signal));
}
