/** What this engine is not: a swarm's node, a builder, a host of plugins. Each endpoint says so, as Docker's would. */
import { json, type Reply, type Route } from '../api.ts';
import { refusal } from '../codec/error.ts';

type Endpoint = readonly [Route['method'], string];

const swarm: readonly Endpoint[] = [
  ...(['/nodes', '/nodes/{id}', '/swarm', '/swarm/unlockkey', '/services', '/services/{id}'] as const).map(get),
  ...(['/services/{id}/logs', '/tasks', '/tasks/{id}', '/tasks/{id}/logs'] as const).map(get),
  ...(['/secrets', '/secrets/{id}', '/configs', '/configs/{id}'] as const).map(get),
  ...(['/nodes/{id}', '/services/{id}', '/secrets/{id}', '/configs/{id}'] as const).map((path): Endpoint => [
    'DELETE',
    path,
  ]),
  ...(['/nodes/{id}/update', '/swarm/update', '/swarm/unlock', '/services/create'] as const).map(post),
  ...(['/services/{id}/update', '/secrets/create', '/secrets/{id}/update'] as const).map(post),
  ...(['/configs/create', '/configs/{id}/update'] as const).map(post),
];
const join: readonly Endpoint[] = ['/swarm/init', '/swarm/join'].map(post);
const plugins: readonly Endpoint[] = [get('/plugins/privileges'), ...['/plugins/pull', '/plugins/create'].map(post)];
/** None is installed, so none has the name. */
const onePlugin: readonly Endpoint[] = [
  get('/plugins/{name}/json'),
  ['DELETE', '/plugins/{name}'],
  ...['enable', 'disable', 'upgrade', 'push', 'set'].map((verb) => post(`/plugins/{name}/${verb}`)),
];
/** `/grpc` is how buildx reaches a builder in the engine; Docker's description has it no more. */
const build: readonly Endpoint[] = ['/build', '/session', '/grpc'].map(post);

function get(path: string): Endpoint {
  return ['GET', path];
}

function post(path: string): Endpoint {
  return ['POST', path];
}

interface Absence {
  readonly status: number;
  readonly message: string;
  /** For the table of what is supported. */
  readonly missing: string;
}

function absent(endpoints: readonly Endpoint[], { status, message, missing }: Absence): Route[] {
  const handle = (): never => {
    throw refusal(status, message);
  };
  return endpoints.map(([method, path]) => ({ method, path, needsEngine: false, handle, missing }));
}

export const notHereRoutes: readonly Route[] = [
  ...absent(swarm, {
    status: 503,
    message:
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    missing: 'not in a swarm',
  }),
  ...absent([post('/swarm/leave')], {
    status: 503,
    message: 'This node is not part of a swarm',
    missing: 'not in a swarm',
  }),
  ...absent(join, {
    status: 501,
    message: 'Swarms are not supported: this engine runs on one desktop.',
    missing: 'not in a swarm',
  }),
  { method: 'GET', path: '/plugins', needsEngine: false, handle: (): Reply => json([]) },
  ...absent(plugins, {
    status: 501,
    message: 'Plugins are not supported: this engine has the drivers that it comes with.',
    missing: 'no plugins',
  }),
  ...onePlugin.map(([method, path]): Route => ({
    ...{ method, path, needsEngine: false, missing: 'no plugins' },
    handle: ({ params }) => {
      throw refusal(404, `plugin "${params['name'] ?? ''}" not found`);
    },
  })),
  ...absent([get('/images/{name}/attestations')], {
    status: 501,
    message: 'Attestations of images are not supported by this engine.',
    missing: 'no attestations',
  }),
  ...absent(build, {
    status: 501,
    message:
      'Building images is not supported yet: the engine has no builder. Build elsewhere, then load or pull the image.',
    missing: 'no builder',
  }),
  {
    ...{ method: 'POST', path: '/build/prune', needsEngine: false, partly: 'there is no build cache' },
    handle: (): Reply => json({ CachesDeleted: null, SpaceReclaimed: 0 }),
  },
];
