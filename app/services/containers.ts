import {
  archiveMethods,
  containerMethods,
  execMethods,
  guestMethods,
  networkMethods,
  volumeMethods,
} from '../../guest-agent/protocol/index.ts';
import type { ContentStore } from '../content/store.ts';
import type { HostApi } from '../contract/index.ts';
import { hostSubnets } from './host-subnets.ts';
import { commitContainer } from './container-commit.ts';
import { createContainer, explainContainer } from './container-create.ts';
import type { CreateContext } from './container-create.ts';
import { restartContainer, startContainer } from './container-start.ts';
import type { GuestCalls } from './guest-calls.ts';
import type { RunningParts } from './parts.ts';
import type { StreamTokens } from './stream-tokens.ts';

type Api = HostApi<AbortSignal>;

const never = new AbortController().signal;

export interface ContainerServices {
  readonly running: RunningParts;
  readonly calls: GuestCalls;
  readonly tokens: StreamTokens;
  readonly context: CreateContext;
  readonly content: ContentStore;
}

export function containersApi({ running, calls, tokens, context, content }: ContainerServices): Api['containers'] {
  const { once, repeat, stream } = calls;
  const m = { ...containerMethods, ...archiveMethods };
  return {
    create: async (params, signal = never) => createContainer(params, await running(signal), context, signal),
    explain: async ({ config }, signal = never) => explainContainer(config, await running(signal), context, signal),
    start: async (params, signal = never) => startContainer(params, await running(signal), tokens, signal),
    restart: async (params, signal = never) => restartContainer(params, await running(signal), signal),
    ports: async ({ id }, signal) => {
      const { guest, ports } = await running(signal);
      const info = await guest.call(m.inspect, { id }, { signal, repeat: true });
      return ports.of(info.id).map(({ containerPort, protocol, hostAddress, hostPort }) => ({
        ...{ containerPort, protocol, hostAddress, hostPort },
      }));
    },
    attach: stream(m.attach),
    logs: stream(m.logs),
    ...{ archiveStat: repeat(m.archiveStat), archiveGet: stream(m.archiveGet), archivePut: stream(m.archivePut) },
    ...{ export: stream(m.export), changes: repeat(m.changes) },
    commit: async (params, signal = never) => commitContainer(params, await running(signal), content, signal),
    ...{ resize: once(m.resize), stop: repeat(m.stop), kill: once(m.kill), pause: once(m.pause) },
    ...{ unpause: once(m.unpause), rename: once(m.rename), update: once(m.update) },
    wait: async (params, signal = never) => {
      const again = { ...params, again: true };
      return (await running(signal)).guest.call(m.wait, params, { signal, repeat: true, again });
    },
    ...{ remove: once(m.remove), prune: once(m.prune), list: repeat(m.list), inspect: repeat(m.inspect) },
    unlink: once(m.unlink),
    ...{ size: repeat(m.size), top: repeat(m.top), stats: repeat(m.stats), kernel: repeat(m.kernel) },
  };
}

export function execsApi({ once, repeat, stream }: GuestCalls): Api['execs'] {
  return {
    create: once(execMethods.create),
    start: stream(execMethods.start),
    resize: once(execMethods.resize),
    kill: once(execMethods.kill),
    inspect: repeat(execMethods.inspect),
    wait: repeat(execMethods.wait),
  };
}

export function volumesApi({ once, repeat }: GuestCalls): Api['volumes'] {
  return {
    create: once(volumeMethods.create),
    list: repeat(volumeMethods.list),
    inspect: repeat(volumeMethods.inspect),
    size: repeat(volumeMethods.size),
    remove: once(volumeMethods.remove),
  };
}

export function networksApi({ once, repeat }: GuestCalls): Api['networks'] {
  const { list, inspect, create, remove, prune, connect, disconnect } = networkMethods;
  return {
    ...{ list: repeat(list), inspect: repeat(inspect), remove: once(remove) },
    create: (request, signal) =>
      once(create)({ ...request, avoid: [...(request.avoid ?? []), ...hostSubnets()] }, signal),
    ...{ prune: once(prune), connect: once(connect), disconnect: once(disconnect) },
  };
}

export function guestApi({ repeat, stream }: GuestCalls): Api['guest'] {
  return {
    processes: repeat(guestMethods.processes),
    unshare: stream(guestMethods.unshare),
    memory: repeat(guestMethods.memory),
    disk: repeat(guestMethods.disk),
  };
}
