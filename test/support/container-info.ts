import type { ContainerInfo, ContainerSpec } from '../../guest-agent/protocol/index.ts';
import { containerSpec } from '../../app/services/container-spec.ts';
import { imageRunConfig } from '../../app/services/image-config-spec.ts';
import { runConfig } from './run-config.ts';

export function containerInfo(id: string, change: Partial<ContainerSpec> = {}): ContainerInfo {
  const image = { reference: 'busybox', id: 'sha256:1', layers: [], config: imageRunConfig({}) };
  const spec = { ...containerSpec(runConfig({ command: ['true'] }), image, []), ...change };
  return {
    id,
    name: id,
    createdAt: '0',
    spec,
    state: { status: 'created' },
    restartCount: 0,
    endpoints: [],
    warnings: [],
  };
}
