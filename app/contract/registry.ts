/** Registries: images in and out, and who the user is there. Needs no engine; secrets stay on the host. */
import * as v from 'valibot';
import { method } from '../../guest-agent/protocol/index.ts';

/** Who asks, for one call; without it, what `berth login` and Docker's configuration know is taken. */
export const RegistryAuth = v.object({
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  /** An OAuth 2 refresh token, instead of user name and password. */
  identityToken: v.optional(v.string()),
});
export type RegistryAuth = v.InferOutput<typeof RegistryAuth>;

/** The caller's own word for a pull, push or load, by which it knows the `transfer` events of it. */
export const transfer = v.optional(v.string());

export const PullParams = v.object({
  reference: v.string(),
  /** `os/arch[/variant]`; absent or empty: this machine's. */
  platform: v.optional(v.string()),
  /** Every platform that the registry has. */
  allPlatforms: v.optional(v.boolean()),
  auth: v.optional(RegistryAuth),
  transfer,
});
export type PullParams = v.InferOutput<typeof PullParams>;

export const PullResult = v.object({
  /** As people type it. */
  reference: v.string(),
  /** Of the index or manifest that the registry gave. */
  digest: v.string(),
  /** Nothing had to be fetched, and the name meant this already. */
  upToDate: v.boolean(),
});
export type PullResult = v.InferOutput<typeof PullResult>;

export const PushParams = v.object({
  reference: v.string(),
  /** `os/arch[/variant]`: only this one of the name's platforms. */
  platform: v.optional(v.string()),
  auth: v.optional(RegistryAuth),
  transfer,
});
export type PushParams = v.InferOutput<typeof PushParams>;

export const PushResult = v.object({
  reference: v.string(),
  digest: v.string(),
  /** Bytes of the index or manifest. */
  sizeBytes: v.number(),
  /** Platforms that the image's index names and that are not here, so that an index without them was made. */
  leftOut: v.array(v.string()),
});
export type PushResult = v.InferOutput<typeof PushResult>;

export const DescribeParams = v.object({ reference: v.string(), auth: v.optional(RegistryAuth) });
export type DescribeParams = v.InferOutput<typeof DescribeParams>;

/** The index or manifest that a registry has under a name. */
export const RemoteDescription = v.object({
  mediaType: v.string(),
  digest: v.string(),
  sizeBytes: v.number(),
  platforms: v.array(v.object({ os: v.string(), architecture: v.string(), variant: v.optional(v.string()) })),
});
export type RemoteDescription = v.InferOutput<typeof RemoteDescription>;

export const SearchParams = v.object({
  /** `[REGISTRY/]WORDS`; without a registry: Docker Hub. */
  term: v.string(),
  limit: v.number(),
  auth: v.optional(RegistryAuth),
});
export type SearchParams = v.InferOutput<typeof SearchParams>;

export const SearchResult = v.object({
  name: v.string(),
  description: v.string(),
  stars: v.number(),
  official: v.boolean(),
  automated: v.boolean(),
});
export type SearchResult = v.InferOutput<typeof SearchResult>;

export const LoginParams = v.object({
  /** Host of the registry, perhaps with a port; empty: Docker Hub. */
  serverAddress: v.string(),
  ...RegistryAuth.entries,
  /** False: the registry is asked, and nothing is stored. */
  store: v.optional(v.boolean()),
});
export type LoginParams = v.InferOutput<typeof LoginParams>;

export const registryMethods = {
  /** @throws EngineError `no-such-image`, `wrong-platform`, `permission-denied`, `unreachable`, `corrupt-content`, `disk-full` */
  pull: method('image.pull', PullParams, PullResult),
  /** @throws EngineError `no-such-image`, `wrong-platform`, `permission-denied`, `unreachable` */
  push: method('image.push', PushParams, PushResult),
  /** @throws EngineError `no-such-image`, `permission-denied`, `unreachable` */
  describe: method('image.describe', DescribeParams, RemoteDescription),
  /** Of the repository of a name, whatever its tag. @throws EngineError `no-such-image`, `permission-denied`, `unreachable` */
  tags: method('image.tags', DescribeParams, v.array(v.string())),
  /** @throws EngineError `unsupported` where the registry cannot be searched, `unreachable` */
  search: method('image.search', SearchParams, v.array(SearchResult)),
  /** Stored once the registry has taken it. @throws EngineError `permission-denied`, `unreachable` */
  login: method(
    'image.login',
    LoginParams,
    /** `storedIn`: the credential helper's name, or the file's path; empty where nothing is stored. */
    v.object({ serverAddress: v.string(), storedIn: v.string() }),
  ),
  logout: method(
    'image.logout',
    v.object({ serverAddress: v.string() }),
    v.object({ serverAddress: v.string(), removed: v.boolean() }),
  ),
};

/** One blob of a pull or push, or one layer of an archive, on its way. `retrying` tells why in `detail`. */
export const transferStates = ['waiting', 'moving', 'retrying', 'present', 'mounted', 'done'] as const;

export const TransferEvent = v.object({
  kind: v.literal('transfer'),
  /** The caller's word; empty if it gave none. */
  transfer: v.string(),
  /** Which way the bytes go. */
  direction: v.picklist(['pull', 'push', 'load']),
  /** The image, as people type it; empty for an archive. */
  reference: v.string(),
  /** Of the blob. */
  digest: v.string(),
  state: v.picklist(transferStates),
  doneBytes: v.number(),
  totalBytes: v.number(),
  detail: v.string(),
});
export type TransferEvent = v.InferOutput<typeof TransferEvent>;
