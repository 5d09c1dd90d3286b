import type { BlockWriter } from './block-writer.ts';
import { BLOCK_SIZE, NID_UNIT } from './format.ts';

const CLUSTER_BLOCKS = 256;
const CLUSTER_SIZE = CLUSTER_BLOCKS * BLOCK_SIZE;
const CLUSTER_UNITS = CLUSTER_SIZE / NID_UNIT;
/** So locations have 32 bits. */
const CLUSTERS_MAX = 2 ** 32 / CLUSTER_UNITS;

/** Where an inode is, in units of a nid: of all clusters one behind the other. It becomes a nid once its cluster has its place. */
export type InodeLocation = number;

/**
 * Inode records, gathered in clusters of at most 1 MiB that are appended to the image between file data when they are
 * full. So memory does not grow with the number of inodes, and metadata still lies close together.
 */
export class MetadataArea {
  readonly #blocks: BlockWriter;
  readonly #cluster = Buffer.alloc(CLUSTER_SIZE);
  readonly #clusterBlocks: number[] = [];
  #used = 0;

  constructor(blocks: BlockWriter) {
    this.#blocks = blocks;
  }

  /**
   * Reserves a zeroed record. One that fits into a block lies within one block, as inline data must.
   * Only called between files: it may append a full cluster to the image.
   */
  allocate(size: number): { location: InodeLocation; record: Buffer } {
    if (size > CLUSTER_SIZE) throw new RangeError(`a metadata record of ${size} bytes is over ${CLUSTER_SIZE}`);
    let start = Math.ceil(this.#used / NID_UNIT) * NID_UNIT;
    const left = BLOCK_SIZE - (start % BLOCK_SIZE);
    if (size > left) start = Math.ceil(start / BLOCK_SIZE) * BLOCK_SIZE;
    if (start + size > CLUSTER_SIZE) {
      this.flush();
      start = 0;
    }
    this.#used = start + size;
    const cluster = this.#clusterBlocks.length;
    if (cluster >= CLUSTERS_MAX) throw new RangeError(`the inodes take over ${CLUSTERS_MAX * CLUSTER_SIZE} bytes`);
    const location = cluster * CLUSTER_UNITS + start / NID_UNIT;
    return { location, record: this.#cluster.subarray(start, start + size) };
  }

  /** Appends the started cluster to the image; until then its inodes have no nid. */
  flush(): void {
    if (this.#used === 0) return;
    const size = Math.ceil(this.#used / BLOCK_SIZE) * BLOCK_SIZE;
    this.#clusterBlocks.push(this.#blocks.block);
    this.#blocks.write(this.#cluster.subarray(0, size));
    this.#cluster.fill(0, 0, size);
    this.#used = 0;
  }

  /** Bytes from the start of the image to a record in a flushed cluster. */
  position(location: InodeLocation): number {
    const block = this.#clusterBlocks[Math.floor(location / CLUSTER_UNITS)];
    if (block === undefined) throw new RangeError('the inode has no place yet');
    return block * BLOCK_SIZE + (location % CLUSTER_UNITS) * NID_UNIT;
  }

  nid(location: InodeLocation): number {
    return this.position(location) / NID_UNIT;
  }
}
