/**
 * The command line of virtiofsd (the one in Rust, version 1.13 and later). Pure.
 *
 * Owners: the guest's ids mean nothing on the host, so every id that the guest sends becomes the user who runs the
 * server: a file made in a container belongs to that user, and a `chown` in there succeeds without effect. The other
 * way ids stay as they are, so that files look in the container as they do on the host; but a container has the ids 0 to
 * 65535 alone, and the kernel lets nobody change a file of an id that the container lacks (EOVERFLOW), so greater ones are
 * brought into that range.
 */
export interface VirtiofsdFacts {
  readonly hostPath: string;
  readonly socketPath: string;
  readonly uid: number;
  readonly gid: number;
  readonly readOnly: boolean;
  readonly sandbox: Sandbox;
}

export type Sandbox = 'namespace' | 'chroot' | 'none';

/**
 * What to try, best first: some hosts refuse namespaces (nested containers, AppArmor's rule for unprivileged users).
 * Root always gets a root folder of its own; another user may do on the host what the user may do anyway.
 */
export function sandboxes(uid: number): readonly Sandbox[] {
  return uid === 0 ? ['namespace', 'chroot'] : ['namespace', 'none'];
}

/** All ids but the last, which stands for "none". */
const ALL_IDS = 4_294_967_295;
/** Ids of a container: 0 to this less one. */
const CONTAINER_IDS = 65_536;
/** In the container, the owner of files whose owner it cannot name: "nobody", as the kernel's overflow id. */
const NOBODY = 65_534;
/** In the container, the user whose id is too great for it: the first ordinary user of most systems and images. */
const FIRST_USER = 1000;

/** Translations for one kind of ids; `own` is the host's id of who runs the server. Ranges must not meet each other. */
function translations(option: string, own: number): string[] {
  const toHost = `squash-guest:0:${own}:${ALL_IDS}`;
  const nobody = (from: number, end: number) => (from < end ? [`squash-host:${from}:${NOBODY}:${end - from}`] : []);
  const toGuest =
    own < CONTAINER_IDS
      ? nobody(CONTAINER_IDS, ALL_IDS)
      : [...nobody(CONTAINER_IDS, own), `host:${own}:${FIRST_USER}:1`, ...nobody(own + 1, ALL_IDS)];
  return [toHost, ...toGuest].flatMap((rule) => [option, rule]);
}

export function virtiofsdArgs(facts: VirtiofsdFacts): string[] {
  return [
    ...['--shared-dir', facts.hostPath],
    ...['--socket-path', facts.socketPath],
    ...['--sandbox', facts.sandbox],
    ...translations('--translate-uid', facts.uid),
    ...translations('--translate-gid', facts.gid),
    ...['--cache', 'auto', '--xattr', '--announce-submounts'],
    ...['--thread-pool-size', '0'],
    ...['--log-level', 'warn'],
    ...(facts.readOnly ? ['--readonly'] : []),
  ];
}
