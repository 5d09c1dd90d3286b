/** One file each: the agent for the guest, the `berth` command, the host service. */
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { buildAgentImage } from '../../vm-images/agent-image.ts';
import { nodeArch, type GuestArch } from '../../vm-images/inputs.ts';
import { fetchPackage } from '../../vm-images/npm-package.ts';
import { cached, keyOf, root } from './cached.ts';
import { commandBundle } from './command-bundle.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { launcherPath } from './launcher.ts';

const SHARED = ['package-lock.json', 'scripts/build/bundles.ts', 'scripts/build/lazy-builtins.ts'];
const COMMAND = ['scripts/build/command-bundle.ts'];
/** Libraries in CommonJS use names that an ES module lacks. */
const COMMONJS =
  "import{createRequire as berthRequire}from'node:module';" +
  'const require=berthRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename;';

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
  external: ['cpu-features', '*.node'],
};

/**
 * The agent's start is most of a boot. Node makes a facade for each of its own modules that is imported, for which it loads
 * even what the module loads late; and names that are kept beside short ones are set again at each start.
 */
function agentBundle(plugins: Plugin[], outfile: string): BuildOptions {
  return {
    ...shared,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: { js: "const require=process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
    entryPoints: [join(root, 'guest-agent/main.ts')],
    plugins: [...plugins, lazyBuiltins],
    outfile,
  };
}

export const agentImagePath = (arch: GuestArch): string => join(root, 'dist/agent', `${arch}.erofs`);

export async function buildCommand(): Promise<boolean> {
  const outfile = join(root, 'dist/berth.mjs');
  return bundle('berth', commandBundle(outfile), [
    ...COMMAND,
    'app',
    'guest-agent/protocol',
    'guest-agent/wire',
    'package.json',
  ]);
}

export async function buildHost(): Promise<boolean> {
  const host = {
    ...shared,
    minify: true,
    keepNames: true,
    legalComments: 'linked' as const,
    banner: { js: COMMONJS },
    entryPoints: [join(root, 'app/host/main.ts')],
    outfile: join(root, 'dist/host.mjs'),
  };
  return bundle('host', host, ['app', 'guest-agent', 'package.json']);
}

/** The agent with koffi's native file and the launcher beside it, as one disk image. */
export async function buildAgent(arch: GuestArch, signal?: AbortSignal): Promise<boolean> {
  const staging = join(root, 'dist/agent', arch);
  const image = agentImagePath(arch);
  return cached({
    name: `agent-${arch}`,
    key: keyOf([...SHARED, 'guest-agent', 'vm-images/agent-image.ts', 'vm-images/erofs.ts', launcherPath(arch)]),
    outputs: [image],
    build: async () => {
      await rm(staging, { recursive: true, force: true });
      await mkdir(staging, { recursive: true });
      const { build } = await import('esbuild');
      await build(agentBundle([await koffiBeside()], join(staging, 'agent.mjs')));
      await copyFile(await koffiNative(arch, signal), join(staging, 'koffi.node'));
      await copyFile(launcherPath(arch), join(staging, 'berth-launcher'));
      await buildAgentImage({ stagingDir: staging, outFile: image, signal });
    },
  });
}

async function bundle(
  name: string,
  how: BuildOptions & { readonly outfile: string },
  inputs: readonly string[],
): Promise<boolean> {
  return cached({
    name,
    key: keyOf([...SHARED, ...inputs]),
    outputs: [how.outfile],
    build: async () => {
      const { build } = await import('esbuild');
      await build(how);
    },
  });
}

/** koffi looks for its native file at many places; here it lies beside the bundle. */
async function koffiBeside(): Promise<Plugin> {
  const names = Object.keys(await import('koffi')).filter((name) => name !== 'default' && name !== 'module.exports');
  const contents = [
    "import { createRequire } from 'node:module';",
    "const native = createRequire(import.meta.url)('./koffi.node');",
    'export default native;',
    ...names.map((name) => `const _${name} = native.${name};`),
    `export { ${names.map((name) => `_${name} as ${name}`).join(', ')} };`,
  ].join('\n');
  return {
    name: 'koffi-beside',
    setup(build) {
      build.onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'koffi-beside' }));
      build.onLoad({ filter: /.*/, namespace: 'koffi-beside' }, () => ({ contents, loader: 'js' }));
    },
  };
}

async function koffiNative(arch: GuestArch, signal?: AbortSignal): Promise<string> {
  const name = `@koromix/koffi-linux-${nodeArch[arch]}`;
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string } | undefined>;
  };
  const pin = lock.packages[`node_modules/${name}`];
  if (pin === undefined) throw new Error(`package-lock.json does not name ${name}.`);
  const home = await fetchPackage({ name, ...pin }, join(root, '.cache'), signal);
  return join(home, `package/linux_${nodeArch[arch]}/koffi.node`);
}
