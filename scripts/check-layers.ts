/**
 * Runs the import rules of .dependency-cruiser.cjs on the tree; then plants a breach (a type-only import from the pure
 * contract into a driver) and demands that it is reported, so that a checker that reads no modules cannot pass.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ICruiseResult } from 'dependency-cruiser';
import { root } from './build/cached.ts';
import { cruiseOptions, imports } from './build/cruise.ts';

const folders = ['app', 'guest-agent', 'vm-images', 'scripts', 'test'];

async function report(result: ICruiseResult): Promise<number> {
  const rules = (await cruiseOptions()).ruleSet?.forbidden ?? [];
  for (const { rule, from, to } of result.summary.violations) {
    const why = rules.find(({ name }) => name === rule.name)?.comment ?? '';
    process.stdout.write(`${rule.name}: ${from} → ${to}\n    ${why}\n`);
  }
  process.stdout.write(`${result.summary.totalCruised} files, ${result.summary.violations.length} breaches\n`);
  return result.summary.violations.length;
}

async function canary(): Promise<boolean> {
  const target = readdirSync(join(root, 'app/machine/backends/qemu')).find((name) => name.endsWith('.ts'));
  if (target === undefined) throw new Error('The canary needs a file in app/machine/backends/qemu.');
  const breach = join(root, 'app/contract', `canary-${process.pid}.ts`);
  writeFileSync(
    breach,
    `import type * as Forbidden from '../machine/backends/qemu/${target}';\nexport type Canary = typeof Forbidden;\n`,
  );
  try {
    const { violations } = (await imports(folders, true)).summary;
    return violations.some(({ rule, from }) => rule.name === 'contract' && breach.endsWith(from));
  } finally {
    rmSync(breach);
  }
}

const breaches = await report(await imports(folders, true));
const sings = await canary();
if (!sings) process.stdout.write('The planted breach was NOT reported: the rules are not being checked.\n');
process.exitCode = breaches === 0 && sings ? 0 : 1;
