/** `node test/support/images/main.ts`: builds the test images and prints where they are. */
import { builtImages } from './build.ts';

for (const { reference, layout, manifestDigest } of Object.values(await builtImages()))
  console.log(`${reference.padEnd(16)} ${manifestDigest} ${layout}`);
