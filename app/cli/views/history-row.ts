/** Rows of `history`, with Docker's field names. */
import type { HistoryEntry } from '../../contract/stored-image.ts';
import { humanDuration } from '../../contract/times.ts';
import { decimalSize } from '../flags/bytes.ts';
import type { ListView } from '../format/list.ts';

export interface HistoryRow {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly CreatedSince: string;
  readonly CreatedBy: string;
  readonly Size: string;
  readonly Comment: string;
}

export const historyView: ListView<HistoryRow> = {
  columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
  titles: {
    ID: 'IMAGE',
    CreatedAt: 'CREATED AT',
    CreatedSince: 'CREATED',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
};

const longest = 45;

interface Look {
  readonly nowMs: number;
  readonly truncate: boolean;
  readonly human: boolean;
}

export function historyRow(entry: HistoryEntry, { nowMs, truncate, human }: Look): HistoryRow {
  const created = Date.parse(entry.createdAt);
  const known = !Number.isNaN(created);
  const since = known ? `${humanDuration(nowMs - created)} ago` : 'N/A';
  const createdBy = entry.createdBy.replaceAll(/[\t\n]/g, ' ');
  const id = entry.id === '' ? '<missing>' : entry.id;
  return {
    ID: truncate ? id.replace(/^sha256:/, '').slice(0, 12) : id,
    CreatedAt: entry.createdAt,
    CreatedSince: human ? since : entry.createdAt,
    CreatedBy: truncate && createdBy.length > longest ? `${createdBy.slice(0, longest - 1)}…` : createdBy,
    Size: human ? decimalSize(entry.sizeBytes) : String(entry.sizeBytes),
    Comment: entry.comment,
  };
}
