/** What the rows about images share. */
import { berth } from '../support/berth.ts';
import type { Row } from './report.ts';

export interface Bench {
  readonly add: (row: Row) => void;
  readonly home: string;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly digests: readonly string[];
}

export interface Pids {
  readonly service: number;
  readonly machine: number;
}

/** Of a machine that does not run, 0. */
export async function pids(): Promise<Pids> {
  const { stdout } = await berth(['status', '--format', 'json']);
  const { servicePid, pid } = JSON.parse(stdout) as { servicePid: number; pid?: number };
  return { service: servicePid, machine: pid ?? 0 };
}
