import type { ImageSummary } from '../../contract/image.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Inspected {
  readonly summary: ImageSummary;
  readonly config: unknown;
}

/** `image inspect` in Docker's shape. */
export function imageInspect({ summary, config }: Inspected): object {
  const [os = '', architecture = ''] = summary.platform.split('/');
  const stored = fields(config);
  const rootfs = fields(stored['rootfs']);
  const history = Array.isArray(stored['history']) ? stored['history'] : [];
  return {
    Id: summary.id,
    RepoTags: summary.references.filter((name) => !name.includes('@')),
    RepoDigests: summary.repoDigests,
    Comment: fields(history.at(-1))['comment'] ?? '',
    Created: summary.createdAt,
    Author: stored['author'] ?? '',
    Architecture: architecture,
    Variant: stored['variant'] ?? '',
    Os: os,
    Size: summary.sizeBytes,
    Config: runConfig(fields(stored['config'])),
    RootFS: { Type: rootfs['type'] ?? 'layers', Layers: rootfs['diff_ids'] ?? [] },
    History: history,
    Descriptor: { digest: summary.digest },
  };
}

/** Lists of keys are Go maps: a key that is not there has no value. */
function runConfig(config: Fields): object {
  const map = (key: string): ReadonlyMap<string, unknown> => new Map(Object.entries(fields(config[key])));
  return {
    ...{ User: '', Env: null, Entrypoint: null, Cmd: null, WorkingDir: '', OnBuild: null, StopSignal: '' },
    ...config,
    ...{ ExposedPorts: map('ExposedPorts'), Volumes: map('Volumes'), Labels: map('Labels') },
  };
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
