/** Images in Docker's shapes. */
import type { ImageSummary } from '../../contract/image.ts';
import { imageConfig, type ImageRunPart } from './image-config.ts';

export interface ImageUse {
  /** Containers that are made of it. */
  readonly containers: number;
  /** Bytes of its layers that other images have, too. */
  readonly shared: number;
}

/** A row of `GET /images/json`; -1 stands for what was not asked for. */
export function imageSummary(image: ImageSummary, minor: number, { containers = -1, shared = -1 }: Partial<ImageUse>) {
  return {
    Id: image.id,
    ParentId: '',
    ...namesOf(image, minor),
    Created: secondsOf(image.createdAt),
    Size: image.sizeBytes,
    SharedSize: shared,
    ...(minor < 44 && { VirtualSize: image.sizeBytes }),
    Labels: image.labels,
    Containers: containers,
  };
}

/** Old clients read the words for an image without any from its row. */
function namesOf(image: ImageSummary, minor: number) {
  const [tags, digests] = [tagsOf(image), image.repoDigests];
  const isNameless = tags.length === 0 && digests.length === 0;
  return minor < 43 && isNameless
    ? { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] }
    : { RepoTags: tags, RepoDigests: digests };
}

export function imageInspect({ summary, config }: { summary: ImageSummary; config: unknown }, minor: number) {
  const stored = imageConfig(config);
  const [os = '', architecture = ''] = summary.platform.split('/');
  return {
    Id: summary.id,
    RepoTags: tagsOf(summary),
    RepoDigests: summary.repoDigests,
    ...(minor < 52 && { Parent: '', DockerVersion: '' }),
    Comment: stored.history.at(-1)?.comment ?? '',
    Created: stored.created || summary.createdAt,
    ...(minor < 45 && { Container: '', ContainerConfig: { ...legacyConfig, ...configOf(noConfig) } }),
    Author: stored.author,
    Config: { ...(minor < 50 && legacyConfig), ...configOf(stored.config) },
    Architecture: architecture,
    ...(stored.variant !== '' && { Variant: stored.variant }),
    Os: os,
    Size: summary.sizeBytes,
    ...(minor < 44 && { VirtualSize: summary.sizeBytes }),
    GraphDriver: { Name: 'overlay2', Data: {} },
    RootFS: { Type: 'layers', Layers: stored.rootfs.diff_ids },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  };
}

/** What images have of containers' configurations; newer versions left it away. */
const legacyConfig = {
  ...{ Hostname: '', Domainname: '', AttachStdin: false, AttachStdout: false, AttachStderr: false },
  ...{ Tty: false, OpenStdin: false, StdinOnce: false, Image: '' },
};

/** The container that an image was made of is not kept. */
const noConfig = imageConfig({}).config;

function configOf(run: ImageRunPart) {
  const keys = (list: readonly string[]) => Object.fromEntries(list.map((key) => [key, {}]));
  return {
    User: run.User,
    ...(run.ExposedPorts.length > 0 && { ExposedPorts: keys(run.ExposedPorts) }),
    Env: run.Env,
    Cmd: run.Cmd ?? null,
    Volumes: run.Volumes.length > 0 ? keys(run.Volumes) : null,
    WorkingDir: run.WorkingDir,
    Entrypoint: run.Entrypoint ?? null,
    OnBuild: run.OnBuild ?? null,
    Labels: run.Labels ?? null,
    ...(run.StopSignal !== '' && { StopSignal: run.StopSignal }),
    ...(run.Shell && { Shell: run.Shell }),
    ...(run.Healthcheck && { Healthcheck: run.Healthcheck }),
  };
}

export function tagsOf({ references }: ImageSummary): string[] {
  return references.filter((reference) => !reference.includes('@'));
}

/** The tag begins after the last colon behind the last slash. */
export function repositoryOf(reference: string): string {
  const name = reference.split('@', 1)[0] ?? '';
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return colon < 0 ? name : name.slice(0, colon);
}

export function secondsOf(time: string): number {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}
