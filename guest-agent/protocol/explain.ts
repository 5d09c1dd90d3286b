/** What `berth explain` asks of the guest: facts about a published port, and about a name, as they are at that moment. */
import * as v from 'valibot';
import { method } from './method.ts';
import { LookUpAnswer } from './names.ts';

/** A socket that waits for connections or datagrams, in a container's network namespace. */
export const ListeningSocket = v.object({
  address: v.string(),
  port: v.number(),
  /** In the guest; absent with the command when no process that can be seen holds it. */
  pid: v.optional(v.number()),
  command: v.optional(v.string()),
});
export type ListeningSocket = v.InferOutput<typeof ListeningSocket>;

export const PortWay = v.object({
  /** Where the guest's packet filter leads the port; absent when no rule does. */
  rule: v.optional(v.object({ address: v.string(), port: v.number() })),
  /** All of the protocol, of other ports too. */
  listeners: v.array(ListeningSocket),
  /** What a connection from the guest to the container came to; `untried` for UDP, and where nobody could take it. */
  reached: v.picklist(['accepted', 'refused', 'silent', 'untried']),
  /** The same by the container's address of IPv6, where it has one. */
  reachedByIpv6: v.optional(v.picklist(['accepted', 'refused', 'silent', 'untried'])),
});
export type PortWay = v.InferOutput<typeof PortWay>;

export const NameWay = v.object({
  /** Addresses by lines of the container's own hosts file. */
  hostsFile: v.array(v.string()),
  /** Of its resolv.conf. */
  servers: v.array(v.string()),
  /** Who answers there: the container's embedded name server, the one of the guest, another one, or nobody. */
  answeredBy: v.picklist(['embedded', 'guest', 'servers', 'nobody']),
  /** Whether the name server of the engine's own is open. */
  open: v.boolean(),
  /** What the engine itself knows: as which of its names, and the addresses. */
  known: v.optional(v.object({ as: v.picklist(['container', 'link', 'host']), addresses: v.array(v.string()) })),
  /** Whom names of the world are asked of, and what came of it; absent when nobody is asked. */
  beyond: v.optional(v.object({ who: v.picklist(['host', 'servers']), answers: v.array(LookUpAnswer) })),
});
export type NameWay = v.InferOutput<typeof NameWay>;

export const explainMethods = {
  /** `no-such-container`, `wrong-state` when it does not run. */
  port: method(
    'explain.port',
    v.object({
      container: v.string(),
      protocol: v.picklist(['tcp', 'udp']),
      guestPort: v.number(),
      containerPort: v.number(),
    }),
    PortWay,
  ),
  /** Without a container: as one on the default bridge would see it. `no-such-container` */
  name: method('explain.name', v.object({ name: v.string(), container: v.optional(v.string()) }), NameWay),
};
