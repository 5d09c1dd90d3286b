/** A certificate that signs itself, for servers of tests on loopback. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** @param names as of subjectAltName: `IP:127.0.0.1` @returns paths of files in the folder */
export async function certificate(folder: string, names: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'.split(' ');
  const whose = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-days', '2'];
  await promisify(execFile)('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...whose]);
  return { key, cert };
}
