/** The test images: which Debian packages are in which layer, what a maintainer script would have added, how they run. */

/** A file, folder or link that no package brings. Owner and group are root unless given; modes are the usual ones. */
export interface ExtraFile {
  readonly path: string;
  /** A folder where neither this nor `link` is given. */
  readonly text?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
}

export interface LayerRecipe {
  /** With all that they depend on and that no layer below has. */
  readonly packages: readonly string[];
  readonly files?: readonly ExtraFile[];
  /** A system user (and a group of the same name and number) that the packages' scripts would have made. */
  readonly user?: { readonly name: string; readonly id: number; readonly home: string };
}

export interface ImageRecipe {
  /** Bottom first. Equal recipes give equal layers, which images so share. */
  readonly layers: readonly LayerRecipe[];
  /** The part of the image's configuration that tells how to run it. */
  readonly config: Readonly<Record<string, unknown>>;
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const debianSources = `Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

/** Standing for every essential and required package, as debootstrap's minbase has them. */
export const MINBASE = 'minbase';

export const minbase: LayerRecipe = {
  packages: [MINBASE, 'apt'],
  files: [
    { path: 'etc/apt/sources.list.d/debian.sources', text: debianSources },
    { path: 'etc/nsswitch.conf', text: 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' },
    { path: 'usr/bin/awk', link: 'mawk' },
    { path: 'var/lock', link: '/run/lock' },
    { path: 'var/run', link: '/run' },
    { path: 'var/tmp', mode: 0o1777 },
    ...['mnt', 'opt', 'srv'].map((path): ExtraFile => ({ path })),
  ],
};

/** What the official image's script does, in as few lines as it takes. */
const postgresEntrypoint = `#!/bin/sh
set -e
if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" && chown postgres:postgres "$PGDATA" && chmod 700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "\${POSTGRES_PASSWORD:?set it: it becomes the password of the user postgres}"
  printf '%s\\n' "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username postgres --pwfile /tmp/password --locale C.UTF-8 --auth-local trust --auth-host scram-sha-256
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
fi
exec "$@"
`;

const python: LayerRecipe = { packages: ['python3'] };

const nginx: LayerRecipe = {
  packages: ['nginx'],
  files: [
    { path: 'etc/nginx/sites-enabled/default', link: '/etc/nginx/sites-available/default' },
    { path: 'var/www/html', mode: 0o755 },
    { path: 'var/www/html/index.html', text: '<h1>Welcome to nginx!</h1>\n' },
    { path: 'var/log/nginx/access.log', link: '/dev/stdout' },
    { path: 'var/log/nginx/error.log', link: '/dev/stderr' },
  ],
};

const redis: LayerRecipe = {
  packages: ['redis-server'],
  user: { name: 'redis', id: 999, home: '/data' },
  files: [{ path: 'data', uid: 999 }],
};

const postgres: LayerRecipe = {
  packages: ['postgresql-17'],
  user: { name: 'postgres', id: 998, home: '/var/lib/postgresql' },
  files: [
    { path: 'run/postgresql', uid: 998 },
    { path: 'var/lib/postgresql', uid: 998 },
    { path: 'var/lib/postgresql/data', uid: 998, mode: 0o700 },
    { path: 'usr/local/bin/docker-entrypoint.sh', text: postgresEntrypoint, mode: 0o755 },
  ],
};

const busybox: LayerRecipe = {
  packages: ['busybox-static'],
  files: [
    ...['cat', 'cp', 'date', 'echo', 'env', 'httpd', 'id', 'ls', 'mkdir', 'nc', 'ps', 'rm', 'sh', 'sleep', 'wget'].map(
      (name): ExtraFile => ({ path: `bin/${name}`, link: '/usr/bin/busybox' }),
    ),
    { path: 'etc/passwd', text: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' },
    { path: 'etc/group', text: 'root:x:0:\nnogroup:x:65534:\n' },
    { path: 'root', mode: 0o700 },
    { path: 'tmp', mode: 0o1777 },
  ],
};

export const testImages = {
  busybox: { layers: [busybox], config: { Cmd: ['sh'], Env: [PATH] } },
  debian: { layers: [minbase], config: { Cmd: ['bash'], Env: [PATH] } },
  python: { layers: [minbase, python], config: { Cmd: ['python3'], Env: [PATH, 'LANG=C.UTF-8'] } },
  nginx: {
    layers: [minbase, nginx],
    config: {
      Cmd: ['nginx', '-g', 'daemon off;'],
      Env: [PATH],
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGQUIT',
      Labels: { maintainer: 'Debian' },
    },
  },
  redis: {
    layers: [minbase, redis],
    config: {
      User: 'redis',
      Cmd: ['redis-server', '--bind', '*', '--protected-mode', 'no'],
      Env: [PATH],
      ExposedPorts: { '6379/tcp': {} },
      Volumes: { '/data': {} },
      WorkingDir: '/data',
    },
  },
  postgres: {
    layers: [minbase, postgres],
    config: {
      Entrypoint: ['docker-entrypoint.sh'],
      Cmd: ['postgres'],
      Env: [`${PATH}:/usr/lib/postgresql/17/bin`, 'PGDATA=/var/lib/postgresql/data'],
      ExposedPorts: { '5432/tcp': {} },
      StopSignal: 'SIGINT',
      Volumes: { '/var/lib/postgresql/data': {} },
    },
  },
} as const satisfies Readonly<Record<string, ImageRecipe>>;

export type TestImageName = keyof typeof testImages;
