import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { readFileIfThere, writeFileAtomically } from '../base/atomic-file.ts';

/** In OpenSSH's own formats, as `ssh-keygen -t ed25519` makes them. */
export interface KeyPair {
  readonly privateKey: string;
  /** One line: type, base64, comment. */
  readonly publicKey: string;
}

export interface MachineKeys {
  /** What the host logs in with. */
  readonly client: KeyPair;
  /** What the guest proves itself with; the host accepts no other. */
  readonly host: KeyPair;
}

/** The machine's keys, made at the first call; private files are readable by the user alone. */
export async function machineKeys(machineFolder: string): Promise<MachineKeys> {
  const folder = join(machineFolder, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    client: await keyPair(join(folder, 'id_ed25519'), 'berth'),
    host: await keyPair(join(folder, 'ssh_host_ed25519_key'), 'berth-guest'),
  };
}

async function keyPair(path: string, comment: string): Promise<KeyPair> {
  const known = await readFileIfThere(path);
  const parsed = known === undefined ? undefined : ssh2.utils.parseKey(known);
  if (known !== undefined && parsed !== undefined && !(parsed instanceof Error)) {
    await chmod(path, 0o600);
    return { privateKey: known, publicKey: publicLine(parsed.getPublicSSH(), comment) };
  }
  const made = newKeyPair(comment);
  await writeFileAtomically(path, made.private, 0o600);
  return { privateKey: made.private, publicKey: made.public };
}

/** One key in 256 begins with a zero byte, which ssh2 leaves out: nobody can read that key then. */
export function newKeyPair(comment: string): { private: string; public: string } {
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    if (!(ssh2.utils.parseKey(made.private) instanceof Error)) return made;
  }
}

function publicLine(blob: Buffer, comment: string): string {
  return `ssh-ed25519 ${blob.toString('base64')} ${comment}`;
}
