/** Documents of the OCI image specification and their Docker counterparts: index, manifest, configuration. */
import * as v from 'valibot';
import { EngineError } from '../base/error.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';

/** Go writes `null` for what is absent. */
const absent = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  );
const strings = v.array(v.string());
const flags = v.record(v.string(), v.unknown());
const digest = v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'not a sha256 digest');
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const platformSchema = v.object({
  os: v.string(),
  architecture: v.string(),
  variant: absent(v.string()),
});

const descriptorSchema = v.object({
  mediaType: v.string(),
  digest,
  size,
  platform: absent(platformSchema),
  annotations: absent(v.record(v.string(), v.string())),
});

const manifestSchema = v.object({
  schemaVersion: v.literal(2),
  mediaType: absent(v.string()),
  config: descriptorSchema,
  layers: v.array(descriptorSchema),
});

const indexSchema = v.object({
  schemaVersion: v.literal(2),
  mediaType: absent(v.string()),
  manifests: v.array(descriptorSchema),
});

const healthcheckSchema = v.object({
  Test: absent(strings),
  /** Nanoseconds, as are the other times. */
  Interval: absent(v.number()),
  Timeout: absent(v.number()),
  StartPeriod: absent(v.number()),
  StartInterval: absent(v.number()),
  Retries: absent(v.number()),
});

const configSchema = v.object({
  created: absent(v.string()),
  author: absent(v.string()),
  os: v.string(),
  architecture: v.string(),
  variant: absent(v.string()),
  config: absent(
    v.object({
      User: absent(v.string()),
      ExposedPorts: absent(flags),
      Env: absent(strings),
      Entrypoint: absent(strings),
      Cmd: absent(strings),
      Volumes: absent(flags),
      WorkingDir: absent(v.string()),
      Labels: absent(v.record(v.string(), v.string())),
      StopSignal: absent(v.string()),
      Shell: absent(strings),
      OnBuild: absent(strings),
      Healthcheck: absent(healthcheckSchema),
    }),
  ),
  rootfs: v.object({ type: v.literal('layers'), diff_ids: v.array(digest) }),
  history: absent(
    v.array(
      v.object({
        created: absent(v.string()),
        created_by: absent(v.string()),
        author: absent(v.string()),
        comment: absent(v.string()),
        empty_layer: absent(v.boolean()),
      }),
    ),
  ),
});

const anySchema = v.object({ mediaType: absent(v.string()), manifests: absent(v.array(v.unknown())) });

/** What `docker save` lists of the images in its archive. */
const dockerArchiveSchema = v.array(
  v.object({ Config: v.string(), RepoTags: absent(strings), Layers: absent(strings) }),
);

export type Platform = v.InferOutput<typeof platformSchema>;
export type OciDescriptor = v.InferOutput<typeof descriptorSchema>;
export type OciImageConfig = v.InferOutput<typeof configSchema>;

const indexTypes: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const manifestTypes: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
/** What the name of an image may stand for. */
export const documentTypes = [...manifestTypes, ...indexTypes];
const layerTypes: readonly string[] = [
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
];

export const isIndexType = (mediaType: string): boolean => indexTypes.includes(mediaType);
export const isManifestType = (mediaType: string): boolean => manifestTypes.includes(mediaType);
/** False for artifacts other than file system layers, and for foreign (non-distributable) layers. */
export const isLayerType = (mediaType: string): boolean => layerTypes.includes(mediaType);

const decode =
  <T extends v.GenericSchema>(what: string, schema: T) =>
  /** @throws EngineError `corrupt-content` naming the document and the first field that is wrong. */
  (bytes: Buffer, name: string): v.InferOutput<T> => {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString());
    } catch (cause) {
      throw new EngineError('corrupt-content', `The ${what} ${name} is not JSON.`, { cause });
    }
    const result = v.safeParse(schema, value);
    if (result.success) return result.output;
    const [issue] = result.issues;
    const where = v.getDotPath(issue) ?? 'the document';
    throw new EngineError('corrupt-content', `The ${what} ${name} is malformed: ${where}: ${issue.message}.`);
  };

export const decodeManifest = decode('image manifest', manifestSchema);
export const decodeIndex = decode('image index', indexSchema);
export const decodeConfig = decode('image configuration', configSchema);

export const decodeDockerArchive = decode('list of images', dockerArchiveSchema);
const decodeAny = decode('document', anySchema);

/** The media type of a manifest or an index; old ones do not tell it themselves. */
export function documentType(bytes: Buffer, name: string): string {
  const { mediaType, manifests } = decodeAny(bytes, name);
  return mediaType ?? `application/vnd.oci.image.${manifests ? 'index' : 'manifest'}.v1+json`;
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** @throws EngineError `invalid-argument` */
export function parsePlatform(platform: string): Platform {
  const [os, architecture, variant, ...more] = platform.split('/');
  if (os && architecture && more.length === 0) return { os, architecture, variant };
  throw new EngineError('invalid-argument', `${JSON.stringify(platform)} is not a platform.`, {
    hint: 'Write it as OS/ARCHITECTURE, such as linux/arm64.',
  });
}

/** True if something made for `offered` runs where `wanted` is asked for; arm64's one variant is v8. */
export function platformMatches(offered: Platform, wanted: Platform): boolean {
  const variant = ({ architecture, variant: given }: Platform): string | undefined =>
    architecture === 'arm64' && given === 'v8' ? undefined : given;
  const asked = variant(wanted);
  return (
    offered.os === wanted.os &&
    offered.architecture === wanted.architecture &&
    (asked === undefined || variant(offered) === undefined || variant(offered) === asked)
  );
}
