import type { Attributes, Directory, StoredInode, TreeNode } from '../erofs/node.ts';
import { FileMode } from '../erofs/format.ts';
import { TarFormatError } from '../tar/entry.ts';

/** What Docker gives to a directory that a layer uses but does not describe. */
const undescribed: Attributes = {
  mode: FileMode.directory | 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};

/** In names: measured, with what the image's end makes of it. */
const DIRECTORY_COST = 5;
/** Bytes of a name that take as much memory as another name. */
const LONG_NAME = 128;

export function newDirectory(attributes: Attributes = undescribed): Directory {
  return { kind: 'directory', attributes, children: new Map(), nid: 0 };
}

/** The names of a layer, in memory. Names are added as tar does it: the last one wins, and no link is followed. */
export class NameTree {
  readonly root = newDirectory();
  /** Inodes whose number of names is, or was, not one. */
  readonly shared = new Set<StoredInode>();
  readonly #whiteouts = new Map<Directory, Set<string>>();
  readonly #limit: number;
  #count = 0;

  /** @param limit most names that may be added, of files; what takes more memory counts for several. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Names so far, as they count. */
  get size(): number {
    return this.#count;
  }

  /** The directory of these components, made where it is missing. */
  directory(components: readonly string[]): Directory {
    let directory = this.root;
    for (const [depth, name] of components.entries()) {
      let child = directory.children.get(name);
      if (!child) {
        child = newDirectory();
        this.put(directory, name, child);
      }
      if (child.kind !== 'directory')
        throw new TarFormatError(`/${components.slice(0, depth + 1).join('/')} is above it and is not a directory`);
      directory = child;
    }
    return directory;
  }

  find(components: readonly string[]): TreeNode | undefined {
    let node: TreeNode = this.root;
    for (const name of components) {
      const child: TreeNode | undefined = node.kind === 'directory' ? node.children.get(name) : undefined;
      if (!child) return undefined;
      node = child;
    }
    return node;
  }

  put(parent: Directory, name: string, node: TreeNode): void {
    const before = parent.children.get(name);
    if (before === node) return;
    if (before) this.#release(before);
    this.#take(name, node.kind === 'directory' ? DIRECTORY_COST : 1);
    parent.children.set(before ? name : apart(name), node);
  }

  /** Notes a name that lower layers may have and that is to be hidden. */
  hide(parent: Directory, name: string): void {
    const names = this.#whiteouts.get(parent) ?? new Set();
    if (names.has(name)) return;
    this.#take(name, 1);
    this.#whiteouts.set(parent, names.add(apart(name)));
  }

  /** Sorted. */
  hidden(parent: Directory): string[] {
    return [...(this.#whiteouts.get(parent) ?? [])].sort();
  }

  /** Gives an inode a name that was {@link hide}-n, and so counted. */
  putHidden(parent: Directory, name: string, inode: StoredInode): void {
    if (parent.children.has(name)) throw new Error(`${name} is not hidden`);
    parent.children.set(name, inode);
  }

  #take(name: string, cost: number): void {
    this.#count += cost + Math.floor(name.length / LONG_NAME);
    if (this.#count > this.#limit) throw new TarFormatError(`the layer has over ${this.#limit} names`);
  }

  /** One more name for an inode that is in the tree. */
  link(parent: Directory, name: string, inode: StoredInode): void {
    if (parent.children.get(name) === inode) return;
    inode.links++;
    this.shared.add(inode);
    this.put(parent, name, inode);
  }

  #release(node: TreeNode): void {
    const nodes = [node];
    for (let next = nodes.pop(); next; next = nodes.pop()) {
      if (next.kind === 'directory') nodes.push(...next.children.values());
      else {
        next.links--;
        this.shared.add(next);
      }
    }
  }
}

/** A copy: a part of a string keeps the whole one in memory, which for a name is its path. */
function apart(name: string): string {
  return Buffer.from(name, 'latin1').toString('latin1');
}

/** All directories from the root down. */
export function* directoriesOf(root: Directory): Generator<Directory> {
  const waiting = [root];
  for (let directory = waiting.pop(); directory; directory = waiting.pop()) {
    yield directory;
    for (const child of directory.children.values()) if (child.kind === 'directory') waiting.push(child);
  }
}
