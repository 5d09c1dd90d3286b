/** Debian packages as files, with what each depends on; nothing is installed and no script of theirs runs. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackOnly } from '../../../vm-images/debian.ts';
import { SUITE } from '../../../vm-images/inputs.ts';
import { run } from '../../../vm-images/run.ts';
import { MINBASE } from './recipes.ts';

export interface Package {
  readonly name: string;
  readonly file: string;
  /** The whole control file, as dpkg keeps it. */
  readonly control: string;
  /** Of each dependency the names that satisfy it. */
  readonly depends: readonly (readonly string[])[];
  readonly provides: readonly string[];
  readonly isMinbase: boolean;
}

/** Debian's name for the processor of this host. */
export const debianArch = process.arch === 'x64' ? 'amd64' : process.arch;

/** Fetches the packages with all that they depend on into `folder`; apt checks them against the archive's signed lists. */
export async function fetchPackages(names: readonly string[], folder: string): Promise<Package[]> {
  const patterns = names.includes(MINBASE) ? ['?essential', '?priority(required)'] : [];
  await run('mmdebstrap', [
    ...unpackOnly(),
    `--architectures=${debianArch}`,
    ...patterns.map((pattern) => `--include=${pattern}`),
    `--include=${names.filter((name) => name !== MINBASE).join(',')}`,
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    `--extract-hook=cp "$1"/var/cache/apt/archives/*.deb '${folder}'`,
    '--format=null',
    SUITE,
    '-',
  ]);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.deb')).sort();
  return Promise.all(files.map((file) => readPackage(join(folder, file))));
}

async function readPackage(file: string): Promise<Package> {
  const control = (await run('dpkg-deb', ['-f', file])).toString();
  const field = (name: string): string => new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm').exec(control)?.[1] ?? '';
  const alternatives = (list: string): string[][] =>
    list.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.split('|').map(bareName)]));
  return {
    name: field('Package'),
    file,
    control,
    depends: [...alternatives(field('Pre-Depends')), ...alternatives(field('Depends'))],
    provides: alternatives(field('Provides')).flat(),
    isMinbase: field('Essential') === 'yes' || field('Priority') === 'required',
  };
}

/** Without version and processor: `libc6:any (>= 2.38)` is `libc6`. */
const bareName = (dependency: string): string => dependency.trim().replace(/[\s:(].*$/, '');

/** The named ones of `all` and what they depend on, in the order of their file names. */
export function closure(all: readonly Package[], names: readonly string[]): Package[] {
  const find = (name: string): Package | undefined =>
    all.find((one) => one.name === name) ?? all.find((one) => one.provides.includes(name));
  const found = new Set<Package>();
  const waiting = names.flatMap((name) =>
    name === MINBASE ? all.filter((one) => one.isMinbase) : [find(name) ?? missing(name)],
  );
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const names of next.depends) waiting.push(...names.flatMap((name) => find(name) ?? []).slice(0, 1));
  }
  return all.filter((one) => found.has(one));
}

function missing(name: string): never {
  throw new Error(`the package ${name} was not fetched`);
}
