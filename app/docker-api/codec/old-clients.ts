/** What a request meant in the version that its client speaks, where that was another thing than today. */
import type { CreateRequest } from './host-config.ts';

/** As Docker's daemon/server/router/container reads them. */
export function asOldClientMeant(request: CreateRequest, minor: number): CreateRequest {
  const { HostConfig } = request;
  return {
    ...request,
    HostConfig: {
      ...HostConfig,
      // Such a client removes the container by itself.
      ...(minor < 25 && { AutoRemove: false }),
      // Containers could be joined by others then, without being told.
      ...(minor < 40 && HostConfig.IpcMode === '' && { IpcMode: 'shareable' }),
    },
  };
}
