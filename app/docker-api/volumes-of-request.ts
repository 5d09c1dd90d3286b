/** What a request for a container says of volumes besides their mounts: other containers (`VolumesFrom`), and new ones. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';
import { refusal } from './codec/error.ts';
import type { CreateRequest } from './codec/host-config.ts';
import type { Api } from './docker-host.ts';

/** A 404 would make clients pull the image. */
export async function volumesFrom(api: Api, name: string, signal: AbortSignal): Promise<ContainerInfo> {
  try {
    return await api.containers.inspect({ id: name }, signal);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'no-such-container')
      throw refusal(400, `No such container: ${name}`);
    throw error;
  }
}

/** Named volumes of mounts with labels or options of their own are made as those say. */
export async function makeVolumes(api: Api, { HostConfig: { Mounts } }: CreateRequest): Promise<void> {
  for (const { Type, Source, VolumeOptions } of Mounts) {
    if (Type !== 'volume' || Source === '') continue;
    const [labels, options] = [VolumeOptions?.Labels ?? {}, VolumeOptions?.DriverConfig?.Options ?? {}];
    if (Object.keys(labels).length + Object.keys(options).length > 0)
      await api.volumes.create({ name: Source, labels, options });
  }
}
