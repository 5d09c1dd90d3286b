/** Kernel modules: what a chosen set needs, the order to load it in, and the index files that modprobe reads. */
import { EngineError } from '../guest-agent/protocol/errors.ts';
import { section } from './elf.ts';

export interface KernelModule {
  readonly name: string;
  /** Below `/lib/modules/VERSION/`, as `kernel/fs/erofs/erofs.ko`. */
  readonly path: string;
  readonly depends: readonly string[];
  /** Wished for but not linked against, as a checksum's implementation. */
  readonly softDepends: readonly string[];
  readonly aliases: readonly string[];
}

const SIGNATURE_END = Buffer.from('~Module signature appended~\n');
const SIGNATURE_INFO = 12;

/**
 * A module without its signature. The kernel asks for none here, and checking takes an emulated guest longer than
 * loading; the root image that holds the modules has its own digest. Source: kernel scripts/sign-file.c (12 bytes of
 * description, whose last four are the signature's length, come before the closing text).
 */
export function unsigned(file: Buffer): Buffer {
  const end = file.length - SIGNATURE_END.length;
  if (end < SIGNATURE_INFO || !file.subarray(end).equals(SIGNATURE_END)) return file;
  return file.subarray(0, end - SIGNATURE_INFO - file.readUInt32BE(end - 4));
}

/** Underscore and hyphen mean the same in module names (modprobe(8)). */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

/** Reads the `.modinfo` section: NUL-separated `key=value` texts (modinfo(8)). */
export function parseModule(path: string, file: Buffer): KernelModule {
  const info = (section(file, '.modinfo') ?? Buffer.alloc(0)).toString('latin1').split('\0').filter(Boolean);
  const values = (key: string) =>
    info.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  return {
    name: moduleName(path),
    path,
    depends: values('depends')
      .flatMap((list) => list.split(','))
      .filter(Boolean)
      .map(moduleName),
    softDepends: values('softdep')
      .filter((value) => value.startsWith('pre:'))
      .flatMap((value) => value.slice(4).trim().split(/\s+/))
      .map(moduleName),
    aliases: values('alias'),
  };
}

/**
 * The wanted modules with everything that they need, each after what it needs. What the kernel has built in is left
 * out; a soft dependency that is no module is no fault.
 * @throws EngineError `unsupported` for a name that is neither a module nor built in.
 */
export function loadOrder(
  wanted: readonly string[],
  find: (name: string) => KernelModule | undefined,
  builtIn: ReadonlySet<string>,
): KernelModule[] {
  const ordered = new Map<string, KernelModule>();
  const visit = (name: string): void => {
    if (ordered.has(name) || builtIn.has(name)) return;
    const module = find(name);
    if (module === undefined)
      throw new EngineError('unsupported', `The kernel has no module ${name}.`, {
        hint: 'Compare vm-images/inputs.ts with the modules of the kernel package.',
      });
    for (const soft of module.softDepends) if (find(soft) !== undefined) visit(soft);
    for (const needed of module.depends) visit(needed);
    ordered.set(name, module);
  };
  for (const name of wanted) visit(moduleName(name));
  return [...ordered.values()];
}

/** `modules.dep` (modules.dep(5)): each module with all that it needs; modprobe loads them from the last to the first. */
export function dependencyIndex(modules: readonly KernelModule[]): string {
  const byName = new Map(modules.map((m) => [m.name, m]));
  const line = (module: KernelModule): string => {
    const present = module.depends.filter((name) => byName.has(name));
    const needed = loadOrder(present, (name) => byName.get(name), new Set()).reverse();
    return `${module.path}:${needed.map((m) => ` ${m.path}`).join('')}
`;
  };
  return modules.map(line).join('');
}

/** `modules.alias`, which answers the kernel's own requests (`fs-erofs`, `rtnl-link-bridge`, PCI ids). */
export function aliasIndex(modules: readonly KernelModule[]): string {
  return modules.flatMap((m) => m.aliases.map((alias) => `alias ${alias} ${m.name}\n`)).join('');
}
