/** What is done to images, told in Docker's words: the images are the host's, so no guest tells of them. */
import type { HostApi, HostEvent, ImageSummary } from '../contract/index.ts';

type Api = HostApi<AbortSignal>;
type Emit = (event: HostEvent) => void;

function tellOf(emit: Emit) {
  return (id: string, action: string, name: string, labels: Readonly<Record<string, string>> = {}): void =>
    emit({ kind: 'image', changed: { ...now(), kind: 'image', id, action, attributes: { ...labels, name } } });
}

type Tell = ReturnType<typeof tellOf>;

function now(): { timeNano: string } {
  return { timeNano: `${Date.now()}000000` };
}

/** The same calls; what they did to images is told when they succeed. */
export function tellingOfImages(api: Api, machine: string, emit: Emit): Api {
  const tell = tellOf(emit);
  const { containers, images, system } = api;
  return {
    ...api,
    images: tellingImages(images, tell),
    system: {
      ...system,
      prune: async (params, signal) => {
        const before = params.images === 'none' ? [] : await images.list({}, signal);
        const pruned = await system.prune(params, signal);
        tellRemoved(tell, before, pruned);
        return pruned;
      },
    },
    containers: {
      ...containers,
      commit: async (params, signal) => {
        const { id, name, spec } = await containers.inspect({ id: params.id }, signal);
        const made = await containers.commit(params, signal);
        if (params.reference !== '') tell(made.id, 'tag', params.reference, spec.labels);
        const facts = { ...spec.labels, image: spec.image.reference, name };
        const attributes = { ...facts, comment: params.comment, imageID: made.id, imageRef: params.reference };
        emit({ kind: 'guest', machine, changed: { ...now(), kind: 'container', id, action: 'commit', attributes } });
        return made;
      },
    },
  };
}

function tellingImages(images: Api['images'], tell: Tell): Api['images'] {
  const tellImage = async (action: string, reference: string, name?: string): Promise<void> => {
    const { summary } = await images.inspect({ reference });
    tell(summary.id, action, name ?? summary.id, summary.labels);
  };
  return {
    ...images,
    pull: async (params, signal) => {
      const pulled = await images.pull(params, signal);
      tell(pulled.reference, 'pull', repositoryOf(pulled.reference));
      return pulled;
    },
    push: async (params, signal) => {
      const pushed = await images.push(params, signal);
      tell(pushed.reference, 'push', repositoryOf(pushed.reference));
      return pushed;
    },
    tag: async (params, signal) => {
      await images.tag(params, signal);
      await tellImage('tag', params.target, params.target);
      return {};
    },
    remove: async (params, signal) => {
      const before = await images.list({}, signal);
      const removed = await images.remove(params, signal);
      tellRemoved(tell, before, removed);
      return removed;
    },
    save: async (params, signal) => {
      const saved = await images.save(params, signal);
      for (const reference of params.references) await tellImage('save', reference);
      return saved;
    },
    load: async (params, signal) => {
      const loaded = await images.load(params, signal);
      for (const { id } of loaded) tell(id, 'load', id);
      return loaded;
    },
    import: async (params, signal) => {
      const { id } = await images.import(params, signal);
      tell(id, 'import', id);
      if (params.reference !== '') tell(id, 'tag', params.reference);
      return { id };
    },
  };
}

function tellRemoved(
  tell: Tell,
  before: readonly ImageSummary[],
  { untagged, deleted }: { untagged: readonly string[]; deleted: readonly string[] },
): void {
  for (const name of untagged) {
    const image = before.find(({ references }) => references.includes(name));
    if (image !== undefined) tell(image.id, 'untag', image.id, image.labels);
  }
  for (const { id, digest } of before) if (deleted.includes(digest)) tell(id, 'delete', id);
}

/** Without tag and digest; a registry's port stays. */
function repositoryOf(reference: string): string {
  return reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}
