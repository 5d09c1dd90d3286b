/** Debian's `docker-registry` as an image, for a registry that is a container. */
import { type ImageRecipe, minbase } from './recipes.ts';

const configuration = `version: 0.1
storage: { filesystem: { rootdirectory: /var/lib/registry } }
http: { addr: ':5000' }
`;

export const registryImages = {
  registry: {
    layers: [minbase, { packages: ['docker-registry'], files: [{ path: 'etc/registry.yml', text: configuration }] }],
    config: {
      Entrypoint: ['docker-registry', 'serve', '/etc/registry.yml'],
      Env: ['PATH=/usr/bin', 'OTEL_TRACES_EXPORTER=none'],
      ExposedPorts: { '5000/tcp': {} },
      Volumes: { '/var/lib/registry': {} },
    },
  },
} as const satisfies Readonly<Record<string, ImageRecipe>>;
