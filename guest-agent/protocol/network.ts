/**
 * Networks of the guest: `bridge` (the default one), `host` and `none` are always there, others are made by users. A
 * `network` below takes a name, a full id or a unique prefix of one; names win.
 */
import * as v from 'valibot';
import { EndpointSettings, Namespaces } from './container-spec.ts';
import { method } from './method.ts';
import { StreamToken } from './stream.ts';

const Texts = v.record(v.string(), v.string());

/** One subnet of a network, IPv4 or IPv6, as CIDRs and addresses. */
export const NetworkPool = v.object({
  subnet: v.string(),
  /** Absent: containers get any address of the subnet. */
  ipRange: v.optional(v.string()),
  /** The bridge's own address; absent in a request: the subnet's first. */
  gateway: v.optional(v.string()),
  /** Addresses that no container gets, by a name of the user's. */
  reserved: v.optional(Texts),
});
export type NetworkPool = v.InferOutput<typeof NetworkPool>;

export const NetworkInfo = v.object({
  id: v.string(),
  name: v.string(),
  driver: v.picklist(['bridge', 'host', 'none']),
  /** CIDR of the IPv4 subnet, such as `172.30.0.0/16`; empty for host and none. */
  subnet: v.string(),
  gateway: v.string(),
  /** Name of the bridge device in the guest. */
  bridge: v.string(),
  /** Ids of the running containers on it. */
  containers: v.array(v.string()),
  /** Nanoseconds since the epoch, decimal. */
  createdAt: v.string(),
  /** No way out, none in. */
  internal: v.boolean(),
  ipv6: v.boolean(),
  /** IPv4 first. */
  pools: v.array(NetworkPool),
  labels: Texts,
  /** As given: `com.docker.network.bridge.name`, `…enable_icc`, `com.docker.network.driver.mtu`. */
  options: Texts,
});
export type NetworkInfo = v.InferOutput<typeof NetworkInfo>;

export const NetworkRequest = v.object({
  name: v.string(),
  internal: v.boolean(),
  /** Also an IPv6 subnet: one that is made up (unique local, RFC 4193) unless `pools` has one. */
  ipv6: v.boolean(),
  /** At most one of each family; without one of IPv4 a free one is taken. */
  pools: v.array(NetworkPool),
  labels: Texts,
  options: Texts,
  /** CIDRs that subnets taken by themselves keep off; the host service names the host's own here. */
  avoid: v.optional(v.array(v.string())),
});
export type NetworkRequest = v.InferOutput<typeof NetworkRequest>;

const ByNetwork = v.object({ network: v.string() });
const Nothing = v.object({});

export const networkMethods = {
  list: method('network.list', v.object({}), v.array(NetworkInfo)),
  /** `no-such-network`, also for a prefix that fits several. */
  inspect: method('network.inspect', ByNetwork, NetworkInfo),
  /** `name-in-use`; `invalid-argument` for pools and options that cannot be; `in-use` when a pool overlaps another. */
  create: method('network.create', NetworkRequest, NetworkInfo),
  /** `in-use` while running containers are on it; `permission-denied` for bridge, host and none. */
  remove: method('network.remove', ByNetwork, Nothing),
  /** Those of users that no running container is on. Labels are `KEY` or `KEY=VALUE`, all must fit. */
  prune: method(
    'network.prune',
    v.object({
      labels: v.optional(v.array(v.string())),
      withoutLabels: v.optional(v.array(v.string())),
      /** Made before this time; nanoseconds since the epoch, decimal. */
      before: v.optional(v.string()),
    }),
    v.object({ names: v.array(v.string()) }),
  ),
  /** At once when it runs, with its next start otherwise. `wrong-state` for host, none and a joined network. */
  connect: method('network.connect', v.object({ container: v.string(), endpoint: EndpointSettings }), Nothing),
  /** With `force` it is no error that the container is not on it, or not there. */
  disconnect: method(
    'network.disconnect',
    v.object({ network: v.string(), container: v.string(), force: v.boolean() }),
    Nothing,
  ),
  /**
   * Ports of running containers that the host should forward: guest side is `guestPort` on the guest's first address,
   * which the guest's rules carry on to the container.
   */
  published: method(
    'network.published',
    v.object({}),
    v.array(
      v.object({
        container: v.string(),
        containerPort: v.number(),
        protocol: v.picklist(['tcp', 'udp']),
        hostAddress: v.string(),
        hostPort: v.number(),
        hostPortEnd: v.optional(v.number()),
        guestPort: v.number(),
        /** The container has an address of IPv6, too, to which no rule leads, but `open`. */
        ipv6: v.optional(v.boolean()),
      }),
    ),
  ),
  /**
   * Where the host listens for published ports that name no address, of a container on these networks: empty is the
   * host's choice. `no-such-network`.
   */
  hostBinding: method(
    'network.hostBinding',
    v.object({ namespaces: v.pick(Namespaces, ['network']), networks: v.optional(v.array(EndpointSettings)) }),
    v.object({ hostAddress: v.string() }),
  ),
  /**
   * Bytes to a published TCP port, where the hypervisor forwards none: a connection to the container, made when the stream
   * opens. By its IPv6 address, if it has one, when its IPv4 address refuses.
   */
  open: method('network.open', v.object({ guestPort: v.number() }), v.object({ stream: StreamToken })),
};
