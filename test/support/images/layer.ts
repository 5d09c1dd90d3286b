/** One layer's tar archive, made from packages' contents and further files: no unpacking, so owners are those of the packages. */
import { pack as packer, extract, type Header, type Pack } from 'tar-stream';
import { run } from '../../../vm-images/run.ts';
import type { Package } from './packages.ts';
import { type ExtraFile, type LayerRecipe, MINBASE } from './recipes.ts';

/** As images for containers do: they are a fifth of Debian's bytes and nobody reads them there. */
const unwanted = /^usr\/share\/(doc|man|info|locale|lintian)\//;
const fixed = { uid: 0, gid: 0, mtime: new Date(0) };

class LayerTar {
  readonly #pack: Pack = packer();
  readonly #names = new Set<string>();

  /** The first of several entries of one name counts; folders that nothing describes follow at the end. */
  add(header: Partial<Header> & Pick<Header, 'name'>, data?: Buffer): void {
    const name = header.name.replace(/^\.\//, '').replace(/\/$/, '');
    if (name === '' || this.#names.has(name) || unwanted.test(name)) return;
    this.#names.add(name);
    if (data && header.type === 'file') this.#pack.entry({ ...header, name, size: data.length }, data);
    else this.#pack.entry({ ...header, name });
  }

  async end(): Promise<Buffer> {
    for (const name of [...this.#names])
      for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1))
        this.add({ ...fixed, name: name.slice(0, slash), type: 'directory', mode: 0o755 });
    this.#pack.finalize();
    const pieces: Buffer[] = [];
    for await (const piece of this.#pack) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }
}

/** @param below the packages of the layers below, of which dpkg's list of this layer tells too. */
export async function layerTar(
  recipe: LayerRecipe,
  packages: readonly Package[],
  below: readonly Package[],
): Promise<Buffer> {
  const tar = new LayerTar();
  const isDebian = recipe.packages.includes(MINBASE) || below.length > 0;
  for (const file of recipe.files ?? []) addExtra(tar, file);
  if (isDebian) addText(tar, 'var/lib/dpkg/status', status([...below, ...packages]));
  let accounts: Accounts | undefined;
  for (const { file } of packages) accounts = (await addPackage(tar, file)) ?? accounts;
  addAccounts(tar, accounts ?? (recipe.user && (await accountsOf(below))), recipe.user);
  return tar.end();
}

function addAccounts(tar: LayerTar, base: Accounts | undefined, user: LayerRecipe['user']): void {
  if (!base) return;
  const line = user ? `${user.name}:x:${user.id}:` : '';
  addText(tar, 'etc/passwd', base.passwd + (user ? `${line}${user.id}::${user.home}:/bin/sh\n` : ''));
  addText(tar, 'etc/group', base.group + (user ? `${line}\n` : ''));
}

/** What the package base-passwd has as the start of /etc/passwd and /etc/group. */
interface Accounts {
  passwd: string;
  group: string;
}

async function accountsOf(packages: readonly Package[]): Promise<Accounts | undefined> {
  const base = packages.find(({ name }) => name === 'base-passwd');
  return base && addPackage(new LayerTar(), base.file);
}

/** Adds what a package holds; answers the accounts where it is the package that has them. */
async function addPackage(tar: LayerTar, file: string): Promise<Accounts | undefined> {
  const reader = extract();
  reader.end(await run('dpkg-deb', ['--fsys-tarfile', file]));
  const masters = new Map<string, string>();
  for await (const entry of reader) {
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    const data = Buffer.concat(pieces);
    tar.add(entry.header, data);
    const master = /base-passwd\/(\w+)\.master$/.exec(entry.header.name)?.[1];
    if (master !== undefined) masters.set(master, data.toString());
  }
  const passwd = masters.get('passwd');
  const group = masters.get('group');
  return passwd !== undefined && group !== undefined ? { passwd, group } : undefined;
}

function addExtra(tar: LayerTar, { path, text, link, mode, uid = 0 }: ExtraFile): void {
  const header = { ...fixed, name: path, uid, gid: uid };
  if (link !== undefined) tar.add({ ...header, type: 'symlink', linkname: link });
  else if (text === undefined) tar.add({ ...header, type: 'directory', mode: mode ?? 0o755 });
  else tar.add({ ...header, type: 'file', mode: mode ?? 0o644 }, Buffer.from(text));
}

function addText(tar: LayerTar, path: string, text: string): void {
  addExtra(tar, { path, text });
}

/** dpkg(1)'s list of what is installed. */
function status(packages: readonly Package[]): string {
  const stanza = ({ control }: Package): string =>
    control.trim().replace(/^Package: .*$/m, '$&\nStatus: install ok installed');
  return packages.map((one) => `${stanza(one)}\n\n`).join('');
}
