import { berth, ok } from '../berth.ts';
import { builtImages } from './build.ts';
import type { TestImageName } from './recipes.ts';

interface Test {
  after(fn: () => Promise<unknown>): void;
}

/** Puts test images into the shared host's store as `FOLDER/NAME`, until the test is over. */
export async function importImages(t: Test, folder: string, names: readonly TestImageName[]): Promise<void> {
  const images = await builtImages();
  for (const name of names) {
    await ok(['image', 'import', images[name].layout, `${folder}/${name}`]);
    t.after(() => berth(['image', 'rm', '-f', `${folder}/${name}`]));
  }
}
