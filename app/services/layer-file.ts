/** A layer on the host, as an EROFS image. */
export interface LayerFile {
  readonly diffId: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the file. */
  readonly contentDigest: string;
  /** Of the file: XXH64, 16 hexadecimal digits. */
  readonly checksum: string;
}
