import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { readFileIfThere } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';

export interface TrustOptions {
  /** PEM files of the user's settings. */
  readonly caFiles: readonly string[];
  /** Docker's folders of certificates: `HOST:PORT/ca.crt` (`HOSTPORT` on Windows, which allows no colon). */
  readonly certFolders: readonly string[];
}

/**
 * Whom to believe when a host shows its certificate: what Node and the system trust, the user's files, and what Docker
 * was told about that host.
 * @throws EngineError `no-such-path` naming the file, `invalid-argument`
 */
export async function trustFor(host: string, { caFiles, certFolders }: TrustOptions): Promise<SecureContext> {
  const own = await Promise.all(caFiles.map(readCaFile));
  const names = [host, host.replace(':', '')];
  const docker = await Promise.all(
    certFolders.flatMap((folder) => names.map((name) => readFileIfThere(join(folder, name, 'ca.crt')))),
  );
  const extra = [...own, ...docker.filter((text) => text !== undefined)];
  const ca = new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extra]);
  try {
    return createSecureContext({ ca: [...ca] });
  } catch (cause) {
    throw new EngineError('invalid-argument', `A file of certificate authorities for ${host} is damaged.`, {
      cause,
      hint: `Check ${[...caFiles, ...certFolders].join(', ')}: each needs certificates in PEM form.`,
    });
  }
}

async function readCaFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new EngineError('no-such-path', `The file of certificate authorities ${path} can't be read.`, {
      cause,
      hint: 'It is named under "caFiles" in registries.json; correct that.',
    });
  }
}
