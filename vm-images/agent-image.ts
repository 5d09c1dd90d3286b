/** The second disk of a machine: the agent's bundle, its native library and the launcher, read-only at /opt/berth. */
import { readFile, rename, rm } from 'node:fs/promises';
import { sha256 } from './debian.ts';
import { makeErofs } from './erofs.ts';

export interface AgentImageOptions {
  /** What shall be in /opt/berth: `agent.mjs`, `berth-launcher`, koffi's native file. */
  readonly stagingDir: string;
  readonly outFile: string;
  readonly signal?: AbortSignal;
}

/** Arrives by rename. The same files give the same bytes. */
export async function buildAgentImage(options: AgentImageOptions): Promise<{ sha256: string; bytes: number }> {
  const temporary = `${options.outFile}.part-${process.pid}`;
  try {
    await rm(temporary, { force: true });
    await makeErofs(options.stagingDir, temporary, options.signal);
    const image = await readFile(temporary);
    await rename(temporary, options.outFile);
    return { sha256: sha256(image), bytes: image.length };
  } finally {
    await rm(temporary, { force: true });
  }
}
