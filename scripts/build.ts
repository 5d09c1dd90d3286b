/**
 * Builds all that a machine runs: launcher, agent, guest image, busybox image, `berth`, the host service. Each step is
 * skipped when its inputs are unchanged. `node scripts/build.ts [--arch amd64|arm64]…`; without `--arch`, this
 * processor's.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from '../vm-images/build.ts';
import { buildBusyboxImage } from '../vm-images/busybox-image.ts';
import { guestArchs, nodeArch, type GuestArch } from '../vm-images/inputs.ts';
import { buildAgent, buildCommand, buildHost } from './build/bundles.ts';
import { cached, keyOf, root } from './build/cached.ts';
import { buildLauncher } from './build/launcher.ts';
import { fetchVirtiofsd } from './build/virtiofsd.ts';

async function step(name: string, work: () => Promise<boolean>): Promise<void> {
  const begin = Date.now();
  if (process.stderr.isTTY) process.stderr.write(`… ${name}\r`);
  const built = await work();
  const took = ((Date.now() - begin) / 1000).toFixed(1);
  process.stderr.write(`✓ ${name}${built ? '' : ' (unchanged)'} ${took} s\n`);
}

async function buildGuest(arch: GuestArch): Promise<void> {
  const cacheDir = join(root, '.cache');
  const layout = join(cacheDir, 'busybox', arch);
  let image = '';
  await step(`launcher ${arch}`, () => buildLauncher(arch));
  await step(`agent ${arch}`, () => buildAgent(arch));
  await step(`guest image ${arch}`, async () => {
    let built = false;
    const onProgress = (): void => void (built = true);
    image = (await buildImage({ arch, cacheDir, onProgress })).folder;
    return built;
  });
  await step(`busybox image ${arch}`, () =>
    cached({
      name: `busybox-${arch}`,
      key: keyOf(['vm-images/busybox-image.ts', 'vm-images/applets.txt', join(image, 'busybox')]),
      outputs: [join(layout, 'index.json')],
      build: async () => {
        const applets = join(root, 'vm-images/applets.txt');
        await buildBusyboxImage({ arch, busybox: join(image, 'busybox'), applets, outDir: layout });
      },
    }),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { arch: { type: 'string', multiple: true } } });
  const own = guestArchs.filter((arch) => nodeArch[arch] === process.arch);
  const archs = guestArchs.filter((arch) => (values.arch ?? own).includes(arch));
  for (const arch of archs) await buildGuest(arch);
  for (const arch of own) await step(`virtiofsd ${arch}`, () => fetchVirtiofsd(arch));
  await step('berth', buildCommand);
  await step('host service', buildHost);
}

await main();
