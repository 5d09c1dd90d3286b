/** The kernel package's files: version, modules (unpacked next to it), and what is built in. */
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from '../guest-agent/protocol/errors.ts';
import {
  containerModules,
  deviceModules,
  hyperVRootModules,
  requestedModules,
  rootModules,
  type GuestArch,
} from './inputs.ts';
import { aliasIndex, dependencyIndex, moduleName, parseModule, unsigned, type KernelModule } from './modules.ts';
import { run } from './run.ts';

export interface KernelTree {
  readonly version: string;
  readonly vmlinuz: string;
  readonly builtIn: ReadonlySet<string>;
  readonly rootModules: readonly string[];
  readonly find: (name: string) => KernelModule | undefined;
  /** The module's file, not compressed: decompressing takes the guest longer than reading. */
  readonly fileOf: (module: KernelModule) => string;
}

export async function readKernel(debian: string, arch: GuestArch, scratch: string): Promise<KernelTree> {
  const [version] = await readdir(join(debian, 'usr/lib/modules'));
  if (version === undefined)
    throw new EngineError('operation-failed', 'The kernel package holds no modules.', {
      hint: 'Look for the kernel package in vm-images/inputs.ts.',
    });
  const home = join(debian, 'usr/lib/modules', version);
  const paths = (await readdir(home, { recursive: true })).filter((path) => /\.ko(\.xz)?$/.test(path));
  const byName = new Map(paths.map((path) => [moduleName(path), path]));
  const builtIn = new Set((await readFile(join(home, 'modules.builtin'), 'utf8')).split('\n').map(moduleName));
  const modules = new Map<string, KernelModule>();
  const queue = [
    ...rootModules,
    ...hyperVRootModules,
    ...deviceModules(arch),
    ...containerModules,
    ...requestedModules(arch),
  ];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const path = byName.get(moduleName(name));
    if (path === undefined || modules.has(moduleName(name))) continue;
    const module = await unpack(join(home, path), path, scratch);
    modules.set(module.name, module);
    queue.push(...module.depends, ...module.softDepends);
  }
  return {
    version,
    vmlinuz: join(debian, 'boot', `vmlinuz-${version}`),
    builtIn,
    rootModules: [...rootModules, ...hyperVRootModules],
    find: (name) => modules.get(name),
    fileOf: (module) => join(scratch, module.path),
  };
}

async function unpack(file: string, path: string, scratch: string): Promise<KernelModule> {
  const plainPath = path.replace(/\.xz$/, '');
  const plain = unsigned(path.endsWith('.xz') ? await run('xz', ['-dc', file]) : await readFile(file));
  await mkdir(dirname(join(scratch, plainPath)), { recursive: true });
  await writeFile(join(scratch, plainPath), plain);
  return parseModule(plainPath, plain);
}

/** Puts modules at their paths below `home`, with the index files. */
export async function installModules(
  home: string,
  modules: readonly KernelModule[],
  kernel: KernelTree,
): Promise<void> {
  for (const module of modules) {
    await mkdir(dirname(join(home, module.path)), { recursive: true });
    await copyFile(kernel.fileOf(module), join(home, module.path));
  }
  await writeFile(join(home, 'modules.dep'), dependencyIndex(modules));
  await writeFile(join(home, 'modules.alias'), aliasIndex(modules));
  await writeFile(join(home, 'modules.symbols'), '');
}
