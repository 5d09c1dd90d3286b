/** Reads the product's imports, with or without the rules of .dependency-cruiser.cjs. */
import { join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { root } from './cached.ts';

export function cruiseOptions(): Promise<ICruiseOptions> {
  return extractDepcruiseOptions(join(root, '.dependency-cruiser.cjs'));
}

export async function imports(folders: readonly string[], validate: boolean): Promise<ICruiseResult> {
  const options = { ...(await cruiseOptions()), validate, baseDir: root };
  const result = await cruise([...folders], options, undefined, {
    tsConfig: extractTSConfig(join(root, 'tsconfig.json')),
  });
  if (typeof result.output === 'string') throw new Error('dependency-cruiser gave a report instead of its findings.');
  return result.output;
}
