/** The progress of pulls, pushes and loads as lines of Docker's JSON. */
import type { TransferEvent } from '../../contract/registry.ts';

export interface ProgressLine {
  readonly status?: string;
  readonly id?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly aux?: object;
  readonly error?: string;
  readonly errorDetail?: { readonly message: string };
}

type Words = Readonly<Record<TransferEvent['state'], string>>;

const words: Readonly<Record<TransferEvent['direction'], Words>> = {
  pull: {
    waiting: 'Pulling fs layer',
    moving: 'Downloading',
    retrying: 'Retrying',
    present: 'Already exists',
    mounted: 'Already exists',
    done: 'Pull complete',
  },
  push: {
    waiting: 'Preparing',
    moving: 'Pushing',
    retrying: 'Retrying',
    present: 'Layer already exists',
    mounted: 'Mounted from another repository',
    done: 'Pushed',
  },
  load: {
    waiting: 'Loading layer',
    moving: 'Loading layer',
    retrying: 'Retrying',
    present: 'Already exists',
    mounted: 'Already exists',
    done: 'Loading layer',
  },
};

export function transferLine({ direction, state, digest, doneBytes, totalBytes }: TransferEvent): ProgressLine {
  const hasBytes = state === 'moving' || direction === 'load';
  const progressDetail = hasBytes ? { current: doneBytes, total: totalBytes } : {};
  return { status: words[direction][state], progressDetail, id: digest.replace(/^sha256:/, '').slice(0, 12) };
}

export function failureLine(message: string): ProgressLine {
  return { errorDetail: { message }, error: message };
}

export function lineText(line: ProgressLine): string {
  return `${JSON.stringify(line)}\r\n`;
}
