import type { RegistrySource } from './registry-source.ts';

/** Loads the registry client when it is first asked for: it is large, and most services never need it. */
export function onDemand(load: () => Promise<RegistrySource>): RegistrySource {
  let loading: Promise<RegistrySource> | undefined;
  const loaded = () => (loading ??= load());
  return {
    pull: async (...call) => (await loaded()).pull(...call),
    push: async (...call) => (await loaded()).push(...call),
    describe: async (...call) => (await loaded()).describe(...call),
    tags: async (...call) => (await loaded()).tags(...call),
    search: async (...call) => (await loaded()).search(...call),
    login: async (...call) => (await loaded()).login(...call),
    logout: async (...call) => (await loaded()).logout(...call),
  };
}
