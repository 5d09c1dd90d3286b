/** A content digest, `sha256:` and 64 lower-case hexadecimal digits (OCI image specification, descriptor.md). */
export type Digest = `sha256:${string}`;

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
