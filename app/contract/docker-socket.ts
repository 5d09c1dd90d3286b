/** Where a machine's Docker socket is, and how Docker's clients write that. */

export interface SocketPlaces {
  /** `StateDirs.runtime` */
  readonly runtime: string;
  /** `StateDirs.controlSocket` */
  readonly controlSocket: string;
}

/** A unix socket beside the machine's other sockets, or a named pipe on Windows. */
export function dockerSocketPath({ runtime, controlSocket }: SocketPlaces, os: string, machine: string): string {
  return os === 'win32' ? `${controlSocket}-docker-${machine}` : `${runtime}/${machine}/docker.sock`;
}

/** For DOCKER_HOST and contexts: `unix:///…`, `npipe:////./pipe/…`. */
export function dockerHost(socketPath: string, os: string): string {
  return os === 'win32' ? `npipe://${socketPath.replaceAll('\\', '/')}` : `unix://${socketPath}`;
}
