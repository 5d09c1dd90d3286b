import type { TransferEvent } from '../../contract/registry.ts';
import { decimalSize } from '../flags/bytes.ts';

type Words = Readonly<Record<TransferEvent['state'], string>>;

/** Docker's words, which scripts look for. */
const words: Readonly<Record<TransferEvent['direction'], Words>> = {
  pull: {
    waiting: 'Waiting',
    moving: 'Downloading',
    retrying: 'Retrying',
    present: 'Already exists',
    mounted: 'Already exists',
    done: 'Download complete',
  },
  push: {
    waiting: 'Waiting',
    moving: 'Pushing',
    retrying: 'Retrying',
    present: 'Layer already exists',
    mounted: 'Mounted from another repository',
    done: 'Pushed',
  },
  load: {
    waiting: 'Waiting',
    moving: 'Loading layer',
    retrying: 'Retrying',
    present: 'Already exists',
    mounted: 'Already exists',
    done: 'Loaded',
  },
};

/** One blob's line: its short digest, what happens, how far. */
export function transferLine({ direction, digest, state, doneBytes, totalBytes, detail }: TransferEvent): string {
  const far = state === 'moving' ? `  ${decimalSize(doneBytes)}/${decimalSize(totalBytes)}` : '';
  const why = state === 'retrying' ? `: ${detail}` : '';
  return `${digest.replace(/^sha256:/, '').slice(0, 12)}: ${words[direction][state]}${far}${why}`;
}

const isOver = ({ state }: TransferEvent): boolean => state === 'present' || state === 'mounted' || state === 'done';

/** As many lines as fit: those of blobs that are over give way to a count of them. */
export function transferLines(events: readonly TransferEvent[], rows: number): string[] {
  if (events.length < rows) return events.map(transferLine);
  const open = events.filter((event) => !isOver(event));
  return [`${events.length - open.length} of ${events.length} done`, ...open.slice(0, rows - 2).map(transferLine)];
}

/** The blobs of a pull, push or load: on a terminal a line each, redrawn; elsewhere a line for each change of state. */
export class TransferView {
  readonly #stream: NodeJS.WriteStream;
  readonly #latest = new Map<string, TransferEvent>();
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(event: TransferEvent): void {
    const before = this.#latest.get(event.digest)?.state;
    this.#latest.set(event.digest, event);
    if (this.#stream.isTTY) this.#redraw();
    else if (event.state !== before && event.state !== 'waiting') this.#stream.write(`${plainLine(event)}\n`);
  }

  #redraw(): void {
    const { rows, columns } = this.#stream;
    const lines = transferLines([...this.#latest.values()], rows).map((line) => line.slice(0, columns - 1));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    this.#stream.write(`${up}\r\x1b[J${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = lines.length;
  }
}

/** How far it is would be old at once. */
function plainLine(event: TransferEvent): string {
  return transferLine(event).replace(/ {2}.*$/, '');
}
