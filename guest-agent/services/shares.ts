/** Host folders, mounted once in the guest and bound into containers from there. */
import { rmdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { EngineError } from '../protocol/errors.ts';
import type { Mount } from '../protocol/container-spec.ts';
import type { ParamsOf } from '../protocol/method.ts';
import type { shareMethods } from '../protocol/share.ts';
import type { Events } from './events.ts';
import type { Mounts } from './mounts.ts';
import { shareMount, type Paths } from './paths.ts';

/** Milliseconds after which a share counts as dead. */
const PATIENCE = 10_000;

export interface SharesDependencies {
  readonly paths: Paths;
  readonly mounts: Mounts;
  readonly events: Events;
}

export class Shares {
  readonly #deps: SharesDependencies;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #shares = new Map<string, { tag: string; type: string }>();

  constructor(deps: SharesDependencies) {
    this.#deps = deps;
  }

  /** Answers also when it is there already. @throws EngineError `operation-failed` */
  async mount(params: ParamsOf<(typeof shareMethods)['mount']>): Promise<void> {
    const { tag, mount, readOnly } = params;
    if (this.#shares.has(tag)) return;
    const target = shareMount(this.#deps.paths, tag);
    const options = ['nosuid', 'nodev', mount.options, readOnly ? 'ro' : ''].filter(Boolean).join(',');
    try {
      await this.#deps.mounts.mount({ ...mount, target, options, why: `host folder ${tag}` });
    } catch (error) {
      rmdirSync(target);
      throw error;
    }
    this.#shares.set(tag, { tag, type: mount.type });
    this.#deps.events.emit('share', tag, 'mount');
  }

  /** The host has mounted all that it shares: at the guest's boot, and after another agent's start. */
  ready(): void {
    this.#ready.resolve(undefined);
  }

  /** Resolves when what is mounted here can be: at once without a host folder. */
  async awaited(mounts: readonly Mount[]): Promise<void> {
    if (mounts.flatMap(onShare).length > 0) await this.#ready.promise;
  }

  list(): { tag: string; type: string }[] {
    return [...this.#shares.values()];
  }

  /**
   * Where the share and the path beneath it are in the guest, the part after `/./` being the user's.
   * @throws EngineError `not-shared`, `invalid-argument`
   */
  locate(tag: string, subpath: string, hostPath: string): string {
    if (!this.#shares.has(tag))
      throw new EngineError('not-shared', `${hostPath} is in no folder that the guest has (share ${tag}).`, {
        hint: 'Add the folder to the shared folders in the settings.',
      });
    if (subpath.startsWith('/') || subpath.split('/').includes('..'))
      throw new EngineError('invalid-argument', `${hostPath}: the path in the share leads out of it.`);
    return `${shareMount(this.#deps.paths, tag)}/./${subpath}`;
  }

  /**
   * What is gone since the container was made is told by its path on the host. The look is not a blocking one: a share
   * whose server is dead never answers, and the agent must.
   * @throws EngineError `not-shared`, `no-such-path`, `invalid-argument`
   */
  async requireSources(mounts: readonly Mount[]): Promise<void> {
    for (const mount of mounts.flatMap(onShare)) {
      const found = await answerOf(stat(this.locate(mount.share, mount.subpath, mount.hostPath)));
      if (found === 'there') continue;
      if (found === 'silent')
        throw new EngineError('not-shared', `The host does not answer for ${mount.hostPath}.`, {
          hint: 'Run "berth restart".',
        });
      throw new EngineError('no-such-path', `${mount.hostPath} is not there on the host: ${found}.`, {
        hint: 'Make the folder first.',
      });
    }
  }
}

function onShare(mount: Mount): { share: string; subpath: string; hostPath: string }[] {
  if (mount.type === 'share') return [mount];
  return mount.type === 'volume' && mount.from !== undefined ? [mount.from] : [];
}

async function answerOf(look: Promise<unknown>): Promise<string> {
  const { promise: silence, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, PATIENCE, 'silent');
  const answer = look.then(
    () => 'there',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}
